import type { AckA, AckN, MsgA, MsgN } from '../../../schemas/index.js';

/** An error of a server may have a code that this text does not know yet. */
export interface ReadError {
  readonly code: string;
  readonly message?: string;
  readonly retryAfterMs?: number;
}
export type ReadPacket =
  | (Omit<MsgA, 'error'> & { error?: ReadError })
  | (Omit<AckA, 'error'> & { error?: ReadError })
  | MsgN
  | AckN;

type Fields = Record<string, unknown>;
type Test = (value: unknown) => boolean;

const ID = /^[A-Za-z0-9_-]{1,64}$/;
const USER = /^[A-Za-z0-9._@-]{1,64}$/;
const LONE_SURROGATE = /\p{Cs}/u;

export const isUserId: Test = (value) => typeof value === 'string' && USER.test(value);
export const isBody: Test = (value) => typeof value === 'string' && !LONE_SURROGATE.test(value);
const isId: Test = (value) => typeof value === 'string' && ID.test(value);
const isNumber: Test = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const oneOf =
  (...values: string[]): Test =>
  (value) =>
    values.includes(value as string);
const optional =
  (test: Test): Test =>
  (value) =>
    value === undefined || test(value);
const isError: Test = (value) =>
  isObject(value) && typeof value.code === 'string' && optional(isNumber)(value.retryAfterMs);

/** What the client relies on. It is less strict than the schemas: a field that nobody reads harms nobody. */
const SHAPES: ReadonlyMap<unknown, Record<string, Test>> = new Map([
  [
    'msg:A',
    { rid: isId, msgId: optional(isId), status: oneOf('accepted', 'duplicate', 'rejected'), error: optional(isError) },
  ],
  [
    'ack:A',
    {
      rid: isId,
      serverMsgId: optional(isId),
      status: oneOf('ok', 'duplicate', 'rejected'),
      error: optional(isError),
    },
  ],
  [
    'msg:N',
    {
      msgId: isId,
      serverMsgId: isId,
      from: isUserId,
      to: isUserId,
      body: isBody,
      acceptedAt: isNumber,
      expiresAt: optional(isNumber),
      seq: optional(isNumber),
    },
  ],
  ['ack:N', { msgId: isId, serverMsgId: isId, to: isUserId, status: oneOf('stored', 'expired', 'delivered') }],
]);

/** Reads a packet of a server. Undefined: it is none, and the client ignores it. Never throws. */
export const readPacket = (text: string): ReadPacket | undefined => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(value)) return undefined;
  const shape = SHAPES.get(value.type);
  if (!shape) return undefined;
  for (const [name, test] of Object.entries(shape))
    if (!test(Object.hasOwn(value, name) ? value[name] : undefined)) return undefined;
  if (value.status === 'rejected' && value.error === undefined) return undefined;
  return value as unknown as ReadPacket;
};
