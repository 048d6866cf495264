import { type Packet, RETRYABLE_CODES, type RestsOn } from '../../../schemas/index.js';
import type { Stage } from '../stage.js';
import type { Expectation } from '../step-outcome.js';
import type { Actor } from './actor.js';
import type { Received } from './inbox.js';
import type { Link } from './link.js';

/** What a step waits for on one connection. */
export interface Pattern {
  what: string;
  statuses?: readonly string[];
  error?: string;
  codes?: readonly number[];
  /** Words that must be nowhere in the packet: neither the name of a member nor a text. */
  lacks?: readonly string[];
}

/** Which packet a fault of the script shall precede. */
interface Aim {
  type: string;
  status?: string | undefined;
  /** Any of these; none: whatever message it belongs to. */
  labels: readonly string[];
}

/** Whether such a packet is among what has arrived on a connection. */
export const hasArrived = (stage: Stage, actor: Actor, link: Link, { type, status, labels }: Aim): boolean =>
  link.inbox.entries.some(
    (entry) =>
      entry.kind === 'packet' &&
      entry.packet.type === type &&
      (status === undefined || ('status' in entry.packet && entry.packet.status === status)) &&
      (labels.length === 0 || labelsOfPacket(stage, actor, link, entry.packet).some((label) => labels.includes(label))),
  );

/** The labels that a packet may belong to: by its rid, or by its ids. */
export const labelsOfPacket = (stage: Stage, actor: Actor, link: Link, packet: Packet): readonly string[] => {
  switch (packet.type) {
    case 'msg:A':
    case 'ack:A': {
      const label = stage.messages.labelOfRid(link.conn, packet.rid);
      return label === undefined ? [] : [label];
    }
    case 'msg:N':
      return stage.messages.ofKey(packet.from, packet.msgId).map((message) => message.label);
    case 'ack:N':
      return stage.messages.ofKey(actor.user, packet.msgId).map((message) => message.label);
    default:
      return [];
  }
};

export type Match = 'yes' | 'no' | 'wrong';

const holds = (value: unknown, words: readonly string[]): boolean => {
  if (typeof value === 'string') return words.includes(value);
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([name, inner]) => words.includes(name) || holds(inner, words));
};

/** Whether a protocol has something. */
type Has = (item: RestsOn) => boolean;

const hasAll: Has = () => true;

/** What a status may stand for: a protocol need not tell a copy from the first one. */
const statusesOf = (packet: Packet, has: Has): string[] => {
  const status = 'status' in packet ? String(packet.status) : 'undefined';
  if (status === 'stored' && packet.type === 'msg:A') return ['accepted', 'duplicate'];
  return status === 'ok' && !has('ack:A.duplicate') ? ['ok', 'duplicate'] : [status];
};

const statusMatch = (pattern: Pattern, packet: Packet, has: Has): Match => {
  const statuses = statusesOf(packet, has);
  const code = 'error' in packet ? packet.error?.code : undefined;
  const right =
    (pattern.statuses === undefined || pattern.statuses.some((one) => statuses.includes(one))) &&
    (pattern.error === undefined || pattern.error === code);
  if (right && pattern.lacks !== undefined && holds(packet, pattern.lacks)) return 'wrong';
  if (right) return 'yes';
  // Another receipt may come first: only an answer is final.
  return packet.type === 'ack:N' ? 'no' : 'wrong';
};

/** Whether an entry of the inbox is what the pattern asks for, or answers the same R otherwise. */
export const matches = (pattern: Pattern, entry: Received, has: Has = hasAll): Match => {
  if (pattern.what === 'any') return entry.kind === 'pong' ? 'no' : 'yes';
  if (entry.kind === 'packet')
    return entry.packet.type === pattern.what ? statusMatch(pattern, entry.packet, has) : 'no';
  if (entry.kind !== pattern.what) return 'no';
  if (entry.kind !== 'close' || pattern.codes === undefined) return 'yes';
  return pattern.codes.includes(entry.code) ? 'yes' : 'wrong';
};

/** A rejection that the protocol always allows: the sender retries. */
export const isRetryable = (packet: Packet): boolean =>
  (packet.type === 'msg:A' || packet.type === 'ack:A') &&
  packet.error !== undefined &&
  RETRYABLE_CODES.has(packet.error.code);

/**
 * Nothing is wrong with the request: whoever sent it just sends it again. A full inbox is such a case, too, unless the
 * server claims to say so only when it is: then the script knows when there is room.
 */
export const isPutOff = (packet: Packet, claimsFlowControl: boolean): boolean =>
  isRetryable(packet) && 'error' in packet && !(claimsFlowControl && packet.error?.code === 'inbox-full');

const FIRST_RETRY_MS = 20;
const LONGEST_RETRY_MS = 640;

/** How long to wait before the same request is sent again: what the server asks for, or a pause that grows. */
export const retryPauseMs = (packet: Packet, triesBefore: number): number => {
  const growing = Math.min(FIRST_RETRY_MS * 2 ** Math.min(triesBefore, 10), LONGEST_RETRY_MS);
  return ('error' in packet ? packet.error?.retryAfterMs : undefined) ?? growing;
};

export const describePattern = ({ what, statuses, error, codes, lacks }: Pattern, labels: readonly string[]): string =>
  [
    what,
    statuses?.join(' or '),
    error,
    codes?.join(' or '),
    labels.length > 0 ? `of ${summarizeLabels(labels)}` : undefined,
    lacks && `without ${lacks.join(', ')}`,
  ]
    .filter((part) => part !== undefined)
    .join(' ');

/** Labels for people: neighbours as a range, and the first few of what is left. */
export const summarizeLabels = (labels: readonly string[]): string => {
  const ranges: string[][] = [];
  for (const label of labels) {
    const range = ranges.at(-1);
    if (range !== undefined && isNext(range.at(-1) as string, label)) range.push(label);
    else ranges.push([label]);
  }
  const parts = ranges.flatMap((range) => (range.length < 3 ? range : [`${range[0]}..${range.at(-1)}`]));
  return parts.length <= 4 ? parts.join(', ') : `${parts.slice(0, 3).join(', ')} and others`;
};

/** Whether a label is followed by the other one in a range: `m9`, `m10`. */
const isNext = (one: string, other: string): boolean => {
  const [, name, number] = /^(.*?)(\d+)$/.exec(one) ?? [];
  return number !== undefined && other === `${name}${Number(number) + 1}`;
};

/** The same for programs. */
export const awaitedBy = ({ what, statuses }: Pattern): NonNullable<Expectation['awaits']> => ({
  packet: what,
  ...(statuses?.length === 1 ? { status: statuses[0] as string } : {}),
});

export const describeReceived = (entry: Received): string => {
  if (entry.kind === 'close') return `close ${entry.code}`;
  if (entry.kind === 'pong') return 'pong';
  const { packet } = entry;
  const status = 'status' in packet ? ` ${packet.status}` : '';
  const code = 'error' in packet && packet.error ? ` ${packet.error.code}` : '';
  return `${packet.type}${status}${code}`;
};
