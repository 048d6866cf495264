import { ERROR_CODES, type ReceiveRule } from '../../../schemas/index.js';
import type { Tables } from './hole.js';
import { fill } from './template.js';

const NUMBERS: ReadonlySet<string> = new Set(['acceptedAt', 'expiresAt', 'seq', 'attempt', 'at', 'retryAfterMs']);

/** What each packet is made of. */
export const MEMBERS: Readonly<Record<NonNullable<ReceiveRule['is']>, readonly string[]>> = {
  'msg:A': ['rid', 'msgId', 'serverMsgId', 'status', 'error'],
  'msg:N': ['msgId', 'serverMsgId', 'from', 'to', 'body', 'acceptedAt', 'expiresAt', 'seq', 'attempt'],
  'ack:A': ['rid', 'serverMsgId', 'status', 'error'],
  'ack:N': ['msgId', 'serverMsgId', 'to', 'status', 'at'],
};

/** What a status can be; the first one where a rule names none. */
export const STATUSES: Readonly<Record<string, readonly string[]>> = {
  'msg:A': ['stored', 'accepted', 'duplicate', 'rejected'],
  'ack:A': ['ok', 'duplicate', 'rejected'],
  'ack:N': ['delivered', 'stored', 'expired'],
};

const typed = (name: string, value: unknown): unknown => {
  if (NUMBERS.has(name)) return Number(value);
  return typeof value === 'number' ? String(value) : value;
};

const errorOf = (error: unknown): { code: string; message: string; retryAfterMs?: number } => {
  const { code = 'internal', message = 'refused', retryAfterMs } = (error ?? {}) as Record<string, unknown>;
  const told = { code: String(code), message: String(message) };
  return retryAfterMs === undefined ? told : { ...told, retryAfterMs: Number(retryAfterMs) };
};

/** The packet that a rule makes of what was captured, or what is wrong with it. */
export const packetOf = (
  { is, with: more = {} }: ReceiveRule,
  captured: Record<string, unknown>,
  tables: Tables,
): { packet: Record<string, unknown> } | { fault: string } => {
  const type = is as NonNullable<ReceiveRule['is']>;
  const filled = fill(more, captured, tables) as Record<string, unknown>;
  const all: Record<string, unknown> = { ...captured, ...filled };
  const packet: Record<string, unknown> = { type };
  for (const name of MEMBERS[type]) if (all[name] !== undefined) packet[name] = typed(name, all[name]);
  if (type === 'msg:N') return typeof packet.body === 'string' ? { packet } : { fault: 'it has no body' };
  const statuses = STATUSES[type] ?? [];
  packet.status ??= statuses[0];
  if (!statuses.includes(String(packet.status))) return { fault: `no ${type} has the status "${packet.status}"` };
  if (packet.status !== 'rejected') {
    delete packet.error;
    return { packet };
  }
  delete packet.serverMsgId;
  const error = errorOf(packet.error);
  if (!ERROR_CODES.some((code) => code === error.code)) return { fault: `im.ran.v1 has no error code "${error.code}"` };
  return { packet: { ...packet, error } };
};
