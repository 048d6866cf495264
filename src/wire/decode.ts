import type { Packet } from '../../schemas/index.js';
import type { PacketType } from '../../schemas/wire.js';
import { defined } from '../defined.js';
import { duplicateNames } from './duplicate-names.js';
import { type CompiledValidator, explain, lineOf, type SchemaError } from './explain.js';
import { ackA, ackN, ackR, msgA, msgN, msgR } from './validators.generated.js';
import { loneSurrogates } from './well-formed.js';

const ID = /^[A-Za-z0-9_-]{1,64}$/;

/** How strictly a text is read. */
export interface DecodeOptions {
  /** `ignore` takes the last of two members with one name, as many JSON parsers can do nothing else. Default: error. */
  duplicateNames?: 'error' | 'ignore';
}

/** Why a text is no packet. */
export interface DecodeFailure {
  /** Tells a failure from a packet. */
  ok: false;
  /** `frame`: no JSON object in UTF-8. `packet`: a JSON object that is no packet which may be sent here. */
  level: 'frame' | 'packet';
  /** One line per fault, such as `msg:R /to: is missing`. Never empty. */
  errors: string[];
  /** The type, when it is one of the six, allowed here or not. */
  type?: PacketType;
  /** What is usable of the packet, so that a server can answer `rejected` (IM-2-13). */
  rid?: string;
  /** The same of the name that the sender gave the message. */
  msgId?: string;
  /** The same of the name that the server gave it. */
  serverMsgId?: string;
}
/** A packet, or why there is none. */
export type Decoded = { ok: true; packet: Packet } | DecodeFailure;

/** Written by Ajv beforehand: to load Ajv and to compile here would be half of the start of a server. */
const validators: ReadonlyMap<string, CompiledValidator> = new Map<PacketType, CompiledValidator>([
  ['msg:R', msgR],
  ['msg:A', msgA],
  ['msg:N', msgN],
  ['ack:R', ackR],
  ['ack:A', ackA],
  ['ack:N', ackN],
]);
const isPacketType = (type: unknown): type is PacketType => typeof type === 'string' && validators.has(type);

const sentenceOf = (type: PacketType, fault: SchemaError): string =>
  fault.path.length === 0 ? `${type}: ${fault.text}` : `${type} ${lineOf(fault)}`;

/** Errors of a parsed packet of that type, one line per fault; empty when it is valid. Unknown members are allowed. */
export const validatePacket = (value: unknown, type: PacketType): string[] => {
  const validate = validators.get(type) as CompiledValidator;
  return validate(value) ? [] : explain(validate.errors ?? []).map((fault) => sentenceOf(type, fault));
};

const shorten = (text: string): string => (text.length > 200 ? `${text.slice(0, 197)}...` : text);

const fail = (errors: string[], value?: Record<string, unknown>): DecodeFailure => {
  const failure: DecodeFailure = { ok: false, level: value === undefined ? 'frame' : 'packet', errors };
  if (value === undefined) return failure;
  if (isPacketType(value.type)) failure.type = value.type;
  for (const name of ['rid', 'msgId', 'serverMsgId'] as const) {
    const id = value[name];
    if (typeof id === 'string' && ID.test(id)) failure[name] = id;
  }
  return failure;
};

/** What a text that cannot be parsed seems to name, for whoever tells which packet it was meant to be. */
export const idsNamedIn = (text: string): Pick<DecodeFailure, 'rid' | 'msgId'> =>
  defined({
    rid: /"rid"\s*:\s*"([A-Za-z0-9_-]{1,64})"/.exec(text)?.[1],
    msgId: /"msgId"\s*:\s*"([A-Za-z0-9_-]{1,64})"/.exec(text)?.[1],
  });

const parseObject = (text: string): Record<string, unknown> | string => {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
    return 'not a JSON object';
  } catch (error) {
    return shorten(`not JSON: ${(error as Error).message}`);
  }
};

/**
 * Reads one packet. `allowed` are the types that the peer may send (CLIENT_PACKETS or SERVER_PACKETS).
 * Never throws. A server answers a failure with `rejected` when it has a `rid` and an allowed `type`, and closes
 * the connection with 4400 otherwise (IM-2-13, IM-2-14).
 */
export const decodePacket = (text: string, allowed: ReadonlySet<PacketType>, options: DecodeOptions = {}): Decoded => {
  const value = parseObject(text);
  if (typeof value === 'string') return fail([value]);
  const { type } = value;
  if (type === undefined) return fail(['packet /type: is missing'], value);
  if (!isPacketType(type)) return fail([`packet /type: must be one of ${[...allowed].join(', ')}`], value);
  if (!allowed.has(type)) return fail([`${type} /type: may not be sent by this side`], value);
  const errors = validatePacket(value, type);
  for (const path of loneSurrogates(text, value)) {
    const line = `${type} ${path}: has a lone surrogate`;
    if (!errors.includes(line)) errors.push(line);
  }
  if (options.duplicateNames !== 'ignore') {
    for (const name of duplicateNames(text, value)) errors.push(shorten(`${type}: has the member "${name}" twice`));
  }
  return errors.length === 0 ? { ok: true, packet: value as Packet } : fail(errors, value);
};

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Reads one packet from the bytes of a text frame: bad UTF-8 is an error too. */
export const decodeFrame = (
  bytes: Uint8Array,
  allowed: ReadonlySet<PacketType>,
  options: DecodeOptions = {},
): Decoded => {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    return fail(['not UTF-8']);
  }
  return decodePacket(text, allowed, options);
};

/** The text of one frame. */
export const encodePacket = (packet: Packet): string => JSON.stringify(packet);

/** Size of a body as the limits count it: bytes of UTF-8. */
export const bodyBytes = (body: string): number => Buffer.byteLength(body, 'utf8');
