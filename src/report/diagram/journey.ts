import type { ArrowEntry, Entry } from './entry.js';
import type { KnownMessage } from './message-index.js';
import type { Narrator } from './narrator.js';

/** How far a message came, and the packet that should have come next. */
export interface Journey {
  text: string;
  /** The row after which nobody saw the message any more. */
  last: ArrowEntry;
  missing?: Pick<ArrowEntry, 'client' | 'type' | 'more'>;
}

const ms = (at: number): string => `${at < 100 ? Math.round(at * 10) / 10 : Math.round(at).toLocaleString('en-US')} ms`;

/** The stages of one message, from everything that is told of it. */
class Stages {
  sent: ArrowEntry | undefined;
  accepted: ArrowEntry | undefined;
  /** The last msg:A that owned up to it. */
  answered: ArrowEntry | undefined;
  rejected: ArrowEntry | undefined;
  expired: ArrowEntry | undefined;
  told: ArrowEntry | undefined;
  acked: ArrowEntry | undefined;
  /** The last push to each client, and the clients whose application got it. */
  readonly pushed = new Map<string, ArrowEntry>();
  readonly handed = new Set<string>();

  add(entry: Entry): void {
    if (entry.shape === 'mark' && entry.sign === 'handed' && entry.client !== undefined) this.handed.add(entry.client);
    if (entry.shape !== 'arrow') return;
    const [status] = entry.more;
    if (entry.type === 'msg:R' && entry.conn !== undefined) this.sent = entry;
    if (entry.type === 'msg:A' && status === 'rejected') this.rejected ??= entry;
    if (entry.type === 'msg:A' && status !== 'rejected') {
      this.accepted ??= entry;
      this.answered = entry;
    }
    if (entry.type === 'msg:N') this.pushed.set(entry.client, entry);
    if (entry.type === 'ack:A' && status !== 'rejected') this.acked ??= entry;
    if (entry.type === 'ack:N' && status === 'delivered') this.told ??= entry;
    if (entry.type === 'ack:N' && status === 'expired') this.expired ??= entry;
    if (entry.handed === true) this.handed.add(entry.client);
  }
}

/** Where the message got lost on its way; undefined when it is not lost, or when that was allowed. */
export const journeyOf = (narrator: Narrator, key: string): Journey | undefined => {
  const message = narrator.index.messageOf(key);
  const stages = new Stages();
  for (const entry of narrator.entries) if (entry.key === key) stages.add(entry);
  const { sent, accepted, rejected, expired, told, pushed } = stages;
  if (message === undefined || sent === undefined || expired !== undefined) return undefined;
  const name = message.name ?? message.msgId;
  if (accepted !== undefined) {
    const begin = `${name} was accepted at ${ms(accepted.at)}`;
    return (
      notExpired(narrator, stages, sent, begin) ??
      notHanded(narrator, message, stages, begin) ??
      notTold(stages, sent, begin)
    );
  }
  if (rejected !== undefined || told !== undefined || pushed.size > 0) return undefined;
  const missing = { client: sent.client, type: 'msg:A', more: [] };
  return { text: `${name} was last sent at ${ms(sent.at)} and never answered`, last: sent, missing };
};

/** A message that nobody got in its lifetime must not be pushed any more, but its sender is told. */
const notExpired = (narrator: Narrator, stages: Stages, sent: ArrowEntry, begin: string): Journey | undefined => {
  const { accepted, answered, handed, told } = stages;
  const [event] = sent.events;
  const ttlMs = event?.kind === 'sent' ? event.packet.ttlMs : undefined;
  const end = narrator.entries.at(-1)?.at ?? 0;
  if (typeof ttlMs !== 'number' || accepted === undefined || answered === undefined) return undefined;
  if (handed.size > 0 || told !== undefined || accepted.at + ttlMs > end) return undefined;
  const text = `${begin}, its lifetime of ${ms(ttlMs)} ended, and ${sent.client} was never told that it expired`;
  return { text, last: answered, missing: { client: sent.client, type: 'ack:N', more: ['expired'] } };
};

const notHanded = (narrator: Narrator, message: KnownMessage, stages: Stages, begin: string): Journey | undefined => {
  const { pushed, handed, answered } = stages;
  const { lifelines, clients } = narrator;
  const receivers = clients.filter(({ user }) => user === message.to);
  const served = new Set(receivers.filter(({ client }) => handed.has(client)).map(({ device }) => device));
  const waiting = receivers.find((one) => !served.has(one.device) && lifelines.hasBegun(one.client))?.client;
  if (waiting === undefined || answered === undefined) return undefined;
  const push = pushed.get(waiting);
  const away = lifelines.stateOf(waiting) === 'away' ? `; ${waiting} was away in the end` : '';
  const end = lifelines.server === 'down' ? '; the server was down in the end' : away;
  // Nobody can push to a client that is not there, nor can a server that does not run.
  const due = end === '' ? { missing: { client: waiting, type: 'msg:N', more: [] } } : {};
  if (push === undefined) return { text: `${begin} and never pushed to ${waiting}${end}`, last: answered, ...due };
  const fate = push.fate === 'lost' ? 'where it was lost' : 'where the application did not get it';
  const text = `${begin}, pushed to ${waiting} at ${ms(push.at)}, ${fate}, and never pushed again${end}`;
  return { text, last: push, ...due };
};

const notTold = ({ acked, told }: Stages, sent: ArrowEntry, begin: string): Journey | undefined => {
  if (acked === undefined || told !== undefined) return undefined;
  const text = `${begin} and acked at ${ms(acked.at)}, and ${sent.client} was never told that it was delivered`;
  return { text, last: acked, missing: { client: sent.client, type: 'ack:N', more: ['delivered'] } };
};
