import { type Static, type TSchema, Type } from '@sinclair/typebox';
import { ERROR_CODES, type PacketType, WIRE } from './wire.js';

export * from './wire.js';

const MAX_SAFE_MS = Number.MAX_SAFE_INTEGER;

const id = (title: string, description: string, example: string) =>
  Type.String({ title, description, pattern: '^[A-Za-z0-9_-]{1,64}$', examples: [example] });
const userId = (title: string, description: string, example: string) =>
  Type.String({ title, description, pattern: '^[A-Za-z0-9._@-]{1,64}$', examples: [example] });
const timestamp = (title: string, description: string) =>
  Type.Integer({
    title,
    description: `${description} Milliseconds since the Unix epoch, UTC, by the server's clock.`,
    minimum: 0,
    maximum: MAX_SAFE_MS,
    examples: [1_795_305_600_000],
  });

const rid = id('Request id', 'Fresh for every transmission of an R on one connection; its one A echoes it.', 'r-1');
const msgId = id(
  'Message id',
  'Issued by the sender, unique per sending user, the same on every re-sending. UUIDv7 recommended.',
  '01939b7e-7f3c-7c1e-9d2a-3f8c5f0f8a11',
);
const serverMsgId = id(
  'Server message id',
  'Issued by the server, unique per deployment, the same for every duplicate and every redelivery.',
  'S-000042',
);
const to = userId('Recipient', 'The user that the message is for.', 'bob');
const from = userId('Sender', 'The user that sent the message, as its token said; stamped by the server.', 'alice');
const body = Type.String({
  title: 'Body',
  description: 'Opaque text, delivered code point for code point. No lone surrogates. Limited in bytes of UTF-8.',
  // \P{Cs}: anything but a surrogate code point. With the "u" flag only lone surrogates match \p{Cs}.
  pattern: '^\\P{Cs}*$',
  examples: ['hello'],
});

export const PacketErrorSchema = Type.Object(
  {
    code: Type.Union(
      ERROR_CODES.map((code) => Type.Literal(code)),
      { title: 'Error code' },
    ),
    message: Type.String({ title: 'Explanation for a person', maxLength: 1024 }),
    retryAfterMs: Type.Optional(Type.Integer({ title: 'Earliest retry', minimum: 0, maximum: MAX_SAFE_MS })),
  },
  { title: 'Error of a rejected answer', examples: [{ code: 'busy', message: 'try again', retryAfterMs: 100 }] },
);
export type PacketError = Static<typeof PacketErrorSchema>;

export const MsgRSchema = Type.Object(
  {
    type: Type.Literal('msg:R'),
    rid,
    msgId,
    to,
    body,
    ttlMs: Type.Optional(
      Type.Integer({
        title: 'Time to live',
        description: 'Milliseconds from the first acceptance. Absent: never expires.',
        minimum: 1,
        maximum: WIRE.ttlMaxMs,
        examples: [60_000],
      }),
    ),
  },
  {
    $id: 'https://im-conformance.dev/schemas/msg-r.schema.json',
    title: 'msg:R',
    description: 'Request, sender to server: deliver this message. Sent again, it doubles as a status query.',
    examples: [{ type: 'msg:R', rid: 'r-1', msgId: 'm-1', to: 'bob', body: 'hello' }],
  },
);

/** `accepted` and `duplicate` promise that the message is stored; `rejected` promises that it is not. */
export const MsgASchema = Type.Object(
  {
    type: Type.Literal('msg:A'),
    rid,
    msgId: Type.Optional(msgId),
    status: Type.Union([Type.Literal('accepted'), Type.Literal('duplicate'), Type.Literal('rejected')]),
    serverMsgId: Type.Optional(serverMsgId),
    error: Type.Optional(PacketErrorSchema),
  },
  {
    $id: 'https://im-conformance.dev/schemas/msg-a.schema.json',
    title: 'msg:A',
    description: 'Answer, server to sender: exactly one for each msg:R.',
    if: { properties: { status: { const: 'rejected' } } },
    // biome-ignore lint/suspicious/noThenProperty: a JSON Schema keyword
    then: { required: ['error'], properties: { serverMsgId: false } },
    else: { required: ['msgId', 'serverMsgId'], properties: { error: false } },
    examples: [{ type: 'msg:A', rid: 'r-1', msgId: 'm-1', status: 'accepted', serverMsgId: 'S-000042' }],
  },
);

export const MsgNSchema = Type.Object(
  {
    type: Type.Literal('msg:N'),
    msgId,
    serverMsgId,
    from,
    to,
    body,
    acceptedAt: timestamp('Accepted at', 'When the server first accepted the message.'),
    expiresAt: Type.Optional(timestamp('Expires at', 'acceptedAt + ttlMs.')),
    seq: Type.Optional(
      Type.Integer({
        title: 'Sequence number',
        description: "Grows with acceptance order within one recipient's inbox (class `ordered`).",
        minimum: 0,
        maximum: MAX_SAFE_MS,
      }),
    ),
    attempt: Type.Optional(
      Type.Integer({ title: 'Attempt', description: 'Informational.', minimum: 1, maximum: MAX_SAFE_MS }),
    ),
  },
  {
    $id: 'https://im-conformance.dev/schemas/msg-n.schema.json',
    title: 'msg:N',
    description: 'Notification, server to receiver: a message for you. Repeated until acked.',
    examples: [
      {
        type: 'msg:N',
        msgId: 'm-1',
        serverMsgId: 'S-000042',
        from: 'alice',
        to: 'bob',
        body: 'hello',
        acceptedAt: 1_795_305_600_000,
        attempt: 1,
      },
    ],
  },
);

export const AckRSchema = Type.Object(
  { type: Type.Literal('ack:R'), rid, serverMsgId },
  {
    $id: 'https://im-conformance.dev/schemas/ack-r.schema.json',
    title: 'ack:R',
    description: "Request, receiver to server: the receiver's application has the message.",
    examples: [{ type: 'ack:R', rid: 'r-2', serverMsgId: 'S-000042' }],
  },
);

export const AckASchema = Type.Object(
  {
    type: Type.Literal('ack:A'),
    rid,
    serverMsgId: Type.Optional(serverMsgId),
    status: Type.Union([Type.Literal('ok'), Type.Literal('duplicate'), Type.Literal('rejected')]),
    error: Type.Optional(PacketErrorSchema),
  },
  {
    $id: 'https://im-conformance.dev/schemas/ack-a.schema.json',
    title: 'ack:A',
    description: 'Answer, server to receiver: the ack is stored, this message will not be pushed again.',
    if: { properties: { status: { const: 'rejected' } } },
    // biome-ignore lint/suspicious/noThenProperty: a JSON Schema keyword
    then: { required: ['error'] },
    else: { required: ['serverMsgId'], properties: { error: false } },
    examples: [{ type: 'ack:A', rid: 'r-2', serverMsgId: 'S-000042', status: 'ok' }],
  },
);

export const AckNSchema = Type.Object(
  {
    type: Type.Literal('ack:N'),
    msgId,
    serverMsgId,
    to,
    status: Type.Union([Type.Literal('stored'), Type.Literal('expired'), Type.Literal('delivered')]),
    at: timestamp('At', 'When the status became true.'),
  },
  {
    $id: 'https://im-conformance.dev/schemas/ack-n.schema.json',
    title: 'ack:N',
    description: 'Notification, server to sender: what became of the message.',
    examples: [
      {
        type: 'ack:N',
        msgId: 'm-1',
        serverMsgId: 'S-000042',
        to: 'bob',
        status: 'delivered',
        at: 1_795_305_600_120,
      },
    ],
  },
);

/** `msg:R`: a sender asks the server to deliver a message. */
export type MsgR = Static<typeof MsgRSchema>;
/** `msg:A`: the server answers whether it has taken the message. */
export type MsgA = Static<typeof MsgASchema>;
/** `msg:N`: the server pushes a message to its receiver. */
export type MsgN = Static<typeof MsgNSchema>;
/** `ack:R`: the receiver says that it has the message. */
export type AckR = Static<typeof AckRSchema>;
/** `ack:A`: the server answers that it has recorded it. */
export type AckA = Static<typeof AckASchema>;
/** `ack:N`: the server tells the sender what became of the message. */
export type AckN = Static<typeof AckNSchema>;
/** One of the six packets. */
export type Packet = MsgR | MsgA | MsgN | AckR | AckA | AckN;
export type ReceiptStatus = AckN['status'];

export const PACKET_SCHEMAS: Record<PacketType, TSchema> = {
  'msg:R': MsgRSchema,
  'msg:A': MsgASchema,
  'msg:N': MsgNSchema,
  'ack:R': AckRSchema,
  'ack:A': AckASchema,
  'ack:N': AckNSchema,
};
