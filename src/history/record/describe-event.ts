import type { HistoryEvent, HistoryEventOf, PacketError, Role } from '../../../schemas/index.js';
import { ms } from '../terms/text.js';

const SUBJECT: Record<HistoryEventOf<'subject'>['event'], string> = {
  started: 'the server has started',
  killing: 'the kit kills the server',
  killed: 'the server is dead',
  stopping: 'the kit tells the server to stop',
  stopped: 'the server has stopped',
  frozen: 'the server is frozen',
  continued: 'the server goes on',
  starting: 'the kit starts the server again',
  cut: 'the kit cuts the server off',
  slowed: 'the kit slows the links of the server',
  healed: 'the server has its links again',
  clock: 'the kit sets the clock of the server',
  short: 'the kit takes a resource from the server',
  supplied: 'the server has its resources again',
  exited: 'the server exited by itself',
};

/**
 * One event as one line for people: `   12.3 ms  alice#1 → server  msg:R m-1 to bob`. `role` is what the subject is: what
 * the kit wrote to a client under test went the other way.
 */
export const describeEvent = (event: HistoryEvent, role: Role = 'server'): string => {
  if (event.kind === 'history') return `history of ${event.scenario}`;
  return `${ms(event.at).padStart(11)}  ${textOf(event, role)}`;
};

/** Who wrote to whom: `isSent` by the kit, which is the clients of a server under test, or the server of a client. */
const way = (event: { client: string; conn: number }, isSent: boolean, role: Role): string =>
  isSent === (role === 'server') ? `${who(event)} → server` : `server → ${who(event)}`;

const textOf = (event: Exclude<HistoryEvent, { kind: 'history' }>, role: Role): string => {
  switch (event.kind) {
    case 'sent':
      return `${way(event, true, role)}  ${describePacket(event.packet)}${inFragments(event)}${event.message === undefined ? '' : ` (${event.message})`}`;
    case 'got':
      return `${way(event, false, role)}  ${describePacket(event.packet)}`;
    case 'sent-raw':
      return `${way(event, true, role)}  ${describeRaw(event)}`;
    case 'got-invalid':
      return `${way(event, false, role)}  invalid: ${event.errors.join('; ')}`;
    case 'handed':
      return `${who(event)} hands ${event.msgId} of ${event.from} to the application`;
    case 'opening':
      return `${who(event)} connects${event.voice === undefined ? '' : ` (${event.voice})`}`;
    case 'open':
      return `${who(event)} is connected`;
    case 'refused':
      return `${who(event)} is refused: ${event.status === undefined ? '' : `HTTP ${event.status}, `}${event.error}`;
    case 'closed':
      return `${who(event)} is closed by the ${event.by === 'kit' ? 'kit' : role}, ${event.how}${event.code === undefined ? '' : `, code ${event.code}`}${event.reason === undefined ? '' : ` (${event.reason})`}`;
    case 'silent':
      return `${who(event)} falls silent: it neither reads nor writes`;
    case 'reading':
      return `${who(event)} ${event.reading ? 'reads again' : 'stops reading'}`;
    case 'got-pong':
      return `${way(event, false, role)}  pong`;
    case 'unread':
      return `server → ${who(event)}  a frame that no rule of the dialect reads: ${event.text.slice(0, MAX_RAW)} (${event.why})`;
    case 'cannot':
      return `${event.client} cannot ${event.why} through the dialect: the script ends here`;
    case 'foreign':
      return event.direction === 'got'
        ? `server → ${who(event)}  frame ${event.text.slice(0, MAX_FOREIGN)}`
        : `${who(event)} → server  frame ${event.text.slice(0, MAX_FOREIGN)}`;
    default:
      return otherText(event, role);
  }
};

type Other = Extract<
  HistoryEvent,
  { kind: 'client' | 'fault' | 'metrics' | 'subject' | 'network' | 'settling' | 'settled' | 'step' | 'end' }
>;

const otherText = (event: Other, role: Role): string => {
  switch (event.kind) {
    case 'client':
      return `${event.client} is ${event.user}, device ${event.device}`;
    case 'fault':
      return `fault ${describeFault(event)} of step ${event.step} ${event.fired ? 'fired' : 'did not fire'}`;
    case 'subject':
      return `${SUBJECT[event.event].replace('server', role)}${detailOf(event)}`;
    case 'metrics':
      return event.text === undefined
        ? `the metrics page is not served: ${event.error ?? `HTTP ${event.status ?? 'without status'}`}`
        : `the metrics page is read (${event.text.length} characters)`;
    case 'network':
      return `the line to the server is ${event.queuedMs} ms behind`;
    case 'settling':
      return 'settling: faults end, receivers reconnect, senders re-send';
    case 'settled':
      return `settled${event.complete ? '' : ', not complete'}`;
    case 'step':
      return `step ${event.step} is ${event.outcome}: ${event.text}`;
    case 'end':
      return describeEnd(event);
  }
};

const describeEnd = ({ stalledMs, networkStalledMs }: HistoryEventOf<'end'>): string =>
  [
    'end',
    ...(stalledMs === undefined ? [] : [`the kit stood still for ${stalledMs} ms at most`]),
    ...(networkStalledMs === undefined ? [] : [`its network for ${networkStalledMs} ms`]),
  ].join('; ');

/** By what signal it ended, or by how much its clock is set. */
const detailOf = ({ signal, offsetMs }: HistoryEventOf<'subject'>): string => {
  if (signal !== undefined) return ` (${signal})`;
  if (offsetMs === undefined) return '';
  return offsetMs === 0 ? ' right' : ` ${offsetMs > 0 ? 'forward' : 'back'} by ${ms(Math.abs(offsetMs))}`;
};

/** `clock (set right)`, `flood (connections)`. */
export const describeFault = ({ fault, detail }: HistoryEventOf<'fault'>): string =>
  detail === undefined ? fault : `${fault} (${detail})`;

const MAX_RAW = 60;
const MAX_FOREIGN = 200;

const describeRaw = ({ what, bytes, text }: HistoryEventOf<'sent-raw'>): string => {
  const cut = text === undefined ? '' : `: ${text.slice(0, MAX_RAW)}${text.length > MAX_RAW ? '…' : ''}`;
  return `${what} (${bytes} bytes)${cut}`;
};

/** What a client wrote, for a sentence: `msg:R m-1 to bob, sent by alice at 12 ms`. */
export const describeSent = (event: HistoryEventOf<'sent' | 'sent-raw'>): string => {
  const what = event.kind === 'sent' ? `${describePacket(event.packet)}${inFragments(event)}` : describeRaw(event);
  return `${what}, sent by ${event.client} on connection ${event.conn} at ${ms(event.at)}`;
};

const who = (event: { client: string; conn: number }): string => `${event.client}#${event.conn}`;

/** Bodies of so many characters are worth a word. */
const LARGE = 1_000;

const inFragments = ({ fragments }: HistoryEventOf<'sent'>): string =>
  fragments === undefined ? '' : ` in ${fragments} fragments`;

/** A packet in a few words: its type, its ids, its status, and what its class adds. */
export const describePacket = (packet: Record<string, unknown>): string => {
  const { type, msgId, serverMsgId, status, from, to, body, ttlMs, seq, expiresAt, error, attempt } = packet;
  const parts = [String(type)];
  if (msgId !== undefined) parts.push(String(msgId));
  if (status !== undefined) parts.push(String(status));
  if (error !== undefined) parts.push(`${(error as PacketError).code} (${(error as PacketError).message})`);
  if (from !== undefined) parts.push(`from ${String(from)}`);
  if (to !== undefined) parts.push(`to ${String(to)}`);
  if (serverMsgId !== undefined) parts.push(`[${String(serverMsgId)}]`);
  if (typeof body === 'string' && body.length >= LARGE) parts.push(`body of ${body.length.toLocaleString('en-US')}`);
  if (ttlMs !== undefined) parts.push(`ttlMs ${String(ttlMs)}`);
  if (seq !== undefined) parts.push(`seq ${String(seq)}`);
  if (expiresAt !== undefined) parts.push(`expiresAt ${String(expiresAt)}`);
  if (attempt !== undefined && attempt !== 1) parts.push(`attempt ${String(attempt)}`);
  return parts.join(' ');
};
