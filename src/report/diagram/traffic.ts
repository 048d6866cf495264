import type { HistoryEvent, HistoryEventOf } from '../../../schemas/index.js';
import { defined } from '../../defined.js';
import { type ArrowEntry, messageKey, text } from './entry.js';
import type { Lifelines } from './lifelines.js';
import { Losses } from './losses.js';
import { type MessageIndex, requestOf } from './message-index.js';

/** What the application gets so long after its packet is told in the same row. */
const TOGETHER_MS = 20;

type Aimed = HistoryEventOf<'fault'>;

/** Makes an arrow of everything that travels, and finds out what became of it. */
export class Traffic {
  readonly #index: MessageIndex;
  readonly #lifelines: Lifelines;
  readonly #losses = new Losses();
  /** Requests without an answer so far, by connection and rid. */
  readonly #unanswered = new Map<string, ArrowEntry>();
  /** What a client wrote last, as long as it was the same packet again and again. */
  readonly #burst = new Map<string, ArrowEntry[]>();
  readonly #delayed = new Set<string>();
  /** How often each packet travelled. */
  readonly #times = new Map<string, number>();
  /** Pushes of messages that the application did not have yet. */
  readonly #news: ArrowEntry[] = [];
  readonly #handed = new Set<string>();
  /** The last push of each message to each client. */
  readonly #lastPush = new Map<string, ArrowEntry>();

  constructor(index: MessageIndex, lifelines: Lifelines) {
    this.#index = index;
    this.#lifelines = lifelines;
  }

  /** To be called with every event, before the others. */
  next(event: HistoryEvent): void {
    this.#losses.next(event);
  }

  sent(event: HistoryEventOf<'sent'>, line: number): ArrowEntry {
    const { client, conn, packet, message, fragments } = event;
    const type = text(packet.type) ?? 'packet';
    const key = this.#index.keyOf(event);
    const more = fragments === undefined ? [] : [`${fragments} fragments`];
    const entry = this.#arrow(event, line, { type, more, toServer: true, key, name: message });
    const request = requestOf(event);
    if (request !== undefined && type.endsWith(':R')) this.#unanswered.set(request, entry);
    const aim = `${client} ${type} ${message}`;
    if (this.#delayed.delete(aim)) entry.notes.push('delayed');
    const burst = this.#burst.get(client) ?? [];
    const same = burst[0]?.type === type && burst[0].name === message;
    if (!same) this.#burst.set(client, [entry]);
    else burst.push(entry);
    this.#count(entry);
    if (!this.#lifelines.isOpen(conn)) lose(entry, 'the connection is closed');
    else if (this.#lifelines.server === 'down') lose(entry, 'the server is down');
    return entry;
  }

  got(event: HistoryEventOf<'got'>, line: number): ArrowEntry {
    const { client, packet } = event;
    const type = text(packet.type) ?? 'packet';
    const key = this.#index.keyOf(event);
    const code = text((packet.error as { code?: unknown } | undefined)?.code);
    const more = [text(packet.status), code].filter((word) => word !== undefined);
    if (typeof packet.seq === 'number') more.push(`seq ${packet.seq}`);
    const name = key === undefined ? undefined : this.#index.messageOf(key)?.name;
    const entry = this.#arrow(event, line, { type, more, toServer: false, key, name });
    const request = requestOf(event);
    if (request !== undefined && type.endsWith(':A')) this.#unanswered.delete(request);
    if (type === 'msg:N') {
      this.#count(entry);
      this.#lastPush.set(`${client} ${key}`, entry);
      if (!this.#handed.has(`${client} ${key}`)) this.#news.push(entry);
    }
    this.#losses.came(entry);
    return entry;
  }

  /** What is no valid packet, and the pong. */
  other(event: HistoryEventOf<'sent-raw' | 'got-invalid' | 'got-pong'>, line: number): ArrowEntry {
    if (event.kind === 'got-pong') return this.#arrow(event, line, { type: 'pong', more: [], toServer: false });
    const raw = event.kind === 'sent-raw';
    const type = raw ? event.what : `invalid ${event.level}`;
    const entry = this.#arrow(event, line, { type, more: [], toServer: raw });
    const note = raw ? `${event.bytes.toLocaleString('en-US')} bytes` : event.errors[0];
    if (note !== undefined) entry.notes.push(note);
    return entry;
  }

  /** Tells it in the row of the packet that brought the message, if that is just above. */
  handed(event: HistoryEventOf<'handed'>, line: number): boolean {
    const which = `${event.client} ${messageKey(event.from, event.msgId)}`;
    const push = this.#lastPush.get(which);
    this.#handed.add(which);
    if (push === undefined || push.handed === true) return false;
    push.handed = true;
    if (event.at - push.at > TOGETHER_MS) return false;
    push.notes.push('handed over');
    push.events.push(event);
    push.lines.push(line);
    return true;
  }

  /** A packet of the client that the script lost on its way: the history has nothing but the fault. */
  neverWritten(event: Aimed, line: number): ArrowEntry {
    const { client = '', packet = 'packet', message } = event;
    const key = message === undefined ? undefined : this.#index.keyOfName(message);
    return {
      ...defined({ key, name: message }),
      ...{ shape: 'arrow', at: event.at, events: [event], lines: [line], client, toServer: true, type: packet },
      ...{ more: [], fate: 'lost', notes: ['lost'] },
    };
  }

  dropped(event: Aimed): void {
    this.#losses.dropped(event);
  }

  delayed({ client, packet, message }: Aimed): void {
    this.#delayed.add(`${client} ${packet} ${message}`);
  }

  /** The copies were written one after the other, just before. */
  duplicated({ client = '', packet, message }: Aimed): void {
    const burst = this.#burst.get(client) ?? [];
    if (burst[0]?.type !== packet || burst[0]?.name !== message) return;
    for (const entry of burst.slice(1)) if (entry.fate === 'arrived') entry.notes = ['copy'];
  }

  /** Of the requests that nobody answered it is not known where they were lost, nor of a push why nobody got it. */
  finish(): void {
    for (const entry of this.#news)
      if (entry.handed !== true && entry.fate === 'arrived') entry.notes.push('not handed over');
    for (const entry of this.#unanswered.values()) {
      if (entry.fate !== 'arrived') continue;
      entry.fate = 'unanswered';
      entry.notes.push('no answer');
    }
  }

  #count(entry: ArrowEntry): void {
    if (entry.key === undefined && entry.name === undefined) return;
    const what = `${entry.client} ${entry.type} ${entry.key ?? entry.name}`;
    const times = (this.#times.get(what) ?? 0) + 1;
    this.#times.set(what, times);
    if (times > 1) entry.notes.push(ordinal(times));
  }

  #arrow(
    event: HistoryEventOf<'sent' | 'got' | 'sent-raw' | 'got-invalid' | 'got-pong'>,
    line: number,
    { type, more, toServer, key, name }: Pick<ArrowEntry, 'type' | 'more' | 'toServer'> & Named,
  ): ArrowEntry {
    const { client, conn, at } = event;
    if (!toServer) this.#burst.delete(client);
    const old = !this.#lifelines.isNewest(client, conn);
    const told = { at, events: [event], lines: [line], client, conn, toServer, type, more, old };
    const entry: ArrowEntry = { shape: 'arrow', ...told, fate: 'arrived', notes: [] };
    if (key !== undefined) entry.key = key;
    if (name !== undefined) entry.name = name;
    return entry;
  }
}

interface Named {
  key?: string | undefined;
  name?: string | undefined;
}

const lose = (entry: ArrowEntry, why: string): void => {
  entry.fate = 'lost';
  entry.notes.push(`lost: ${why}`);
};

const ordinal = (times: number): string => {
  const ending = times % 100 > 10 && times % 100 < 14 ? undefined : ['st', 'nd', 'rd'][(times % 10) - 1];
  return `${times}${ending ?? 'th'} time`;
};
