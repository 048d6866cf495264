import type { HistoryEvent, HistoryEventOf, Role } from '../../../schemas/index.js';
import { defined } from '../../defined.js';
import { type Entry, type MarkEntry, messageKey } from './entry.js';
import { closedText, PROCESS } from './event-words.js';
import { Lifelines } from './lifelines.js';
import { MessageIndex } from './message-index.js';
import type { Sign } from './model.js';
import { Traffic } from './traffic.js';

/** These faults have events of their own, so that the line of the fault says nothing new. */
const SHOWN_OTHERWISE = new Set([
  'disconnect',
  'reset',
  'cut',
  'silence',
  'stall',
  'crash',
  'stop',
  'freeze',
  'cut-off',
  'slow',
]);

const SERVER_PACKETS = new Set(['msg:A', 'msg:N', 'ack:A', 'ack:N']);

type Tie = HistoryEventOf<'opening' | 'open' | 'refused' | 'closed' | 'silent' | 'reading'>;

/** Turns a history into rows, event by event; events that belong together become one. */
export class Narrator {
  readonly entries: Entry[] = [];
  readonly clients: HistoryEventOf<'client'>[] = [];
  readonly index = new MessageIndex();
  readonly lifelines = new Lifelines();
  readonly #traffic = new Traffic(this.index, this.lifelines);
  readonly #opening = new Map<number, { event: HistoryEventOf<'opening'>; line: number }>();
  /** What the subject is: it decides who wrote what the kit sent. */
  role: Role = 'server';
  #scenario = '';
  #settled = false;
  #line = -1;

  get scenario(): string {
    return this.#scenario;
  }

  feed(event: HistoryEvent): void {
    this.#line += 1;
    this.#traffic.next(event);
    switch (event.kind) {
      case 'history':
        this.#scenario = event.scenario;
        this.role = event.subject.role;
        return;
      case 'client':
        this.#client(event);
        break;
      case 'sent':
        this.#add(this.#traffic.sent(event, this.#line));
        break;
      case 'got':
        this.#add(this.#traffic.got(event, this.#line));
        break;
      case 'sent-raw':
      case 'got-invalid':
      case 'got-pong':
        this.#add(this.#traffic.other(event, this.#line));
        break;
      case 'handed':
        this.#handed(event);
        break;
      case 'fault':
        this.#fault(event);
        break;
      case 'subject':
        this.#process(event);
        break;
      default:
        this.#rest(event);
        break;
    }
  }

  /** To be called once, after the last event. */
  finish(): void {
    this.#traffic.finish();
    for (const { event, line } of this.#opening.values()) {
      this.#line = line;
      this.#mark(event, 'refused', 'connects, and nothing comes of it');
    }
    this.entries.sort((a, b) => (a.lines[0] ?? 0) - (b.lines[0] ?? 0));
  }

  #client(event: HistoryEventOf<'client'>): void {
    this.clients.push(event);
    this.index.addClient(event);
    this.lifelines.addClient(event);
  }

  #handed(event: HistoryEventOf<'handed'>): void {
    if (this.#traffic.handed(event, this.#line)) return;
    const key = messageKey(event.from, event.msgId);
    const name = this.index.messageOf(key)?.name ?? event.msgId;
    this.#mark(event, 'handed', `the application gets ${name}`, { key });
  }

  #rest(event: Exclude<HistoryEvent, { kind: 'history' | 'client' | 'handed' | 'fault' | 'subject' }>): void {
    switch (event.kind) {
      case 'opening':
      case 'open':
      case 'refused':
      case 'closed':
      case 'silent':
      case 'reading':
        this.#tie(event);
        break;
      case 'metrics':
        this.#mark(event, 'page', event.text === undefined ? 'no metrics page' : 'metrics page read');
        break;
      case 'settling':
        this.#band(event, 'settling: faults end, clients return');
        break;
      case 'settled':
        this.#settled = true;
        this.#band(event, event.complete ? 'settled' : 'settled, not complete');
        break;
      case 'step':
        if (event.outcome !== 'met') this.#step(event);
        return;
      case 'end':
        this.#band(event, 'end of the history');
        break;
      default:
        return;
    }
  }

  #tie(event: Tie): void {
    const { client, conn } = event;
    switch (event.kind) {
      case 'opening':
        this.#opening.set(conn, { event, line: this.#line });
        this.lifelines.begin(client);
        break;
      case 'open': {
        const older = this.lifelines.open(client, conn);
        this.#mark(event, 'opened', older === undefined ? 'connects' : `connects, replaces #${older}`);
        break;
      }
      case 'refused':
        this.#mark(event, 'refused', `refused${event.status === undefined ? `: ${event.error}` : `: ${event.status}`}`);
        break;
      case 'closed':
        // After settling the kit puts its clients away: nothing of it belongs to the scenario.
        if (this.#settled && event.by === 'kit') return;
        this.lifelines.close(conn);
        this.#mark(event, 'closed', closedText(event, this.role));
        break;
      case 'silent':
        this.lifelines.silence(conn);
        this.#mark(event, 'quiet', 'falls silent');
        break;
      case 'reading':
        this.lifelines.read(conn, event.reading);
        this.#mark(event, event.reading ? 'resumed' : 'quiet', event.reading ? 'reads again' : 'stops reading');
    }
    if (event.kind === 'open' || event.kind === 'refused') this.#begun(conn);
    if (event.kind !== 'opening') this.#change(client);
  }

  /** The beginning of a connection is told by what came of it. */
  #begun(conn: number): void {
    const opening = this.#opening.get(conn);
    const entry = this.entries.at(-1);
    this.#opening.delete(conn);
    if (opening === undefined || entry === undefined) return;
    entry.events.push(opening.event);
    entry.lines.push(opening.line);
  }

  #process(event: HistoryEventOf<'subject'>): void {
    const before = this.lifelines.server;
    const state = this.lifelines.process(event);
    const last = this.entries.at(-1);
    // The process under test is the one client of the kit's server, or the server.
    const party = this.role === 'client' ? this.clients[0]?.client : undefined;
    const [sign, words] = PROCESS[event.event];
    if (event.event === 'started' && (before === 'up' || last === undefined)) return;
    const how = event.signal ?? (event.code === undefined ? undefined : `code ${event.code}`);
    const text = `${event.event === 'started' ? 'started again' : words}${how === undefined ? '' : ` (${how})`}`;
    const begun = last?.events[0];
    const ends = event.event === 'killed' || event.event === 'stopped';
    if (ends && last?.shape === 'mark' && begun?.kind === 'subject' && /ing$/.test(begun.event)) {
      last.events.push(event);
      last.lines.push(this.#line);
      last.text = text;
      last.change = party === undefined ? { state } : { client: party, state: this.lifelines.stateOf(party) };
      return;
    }
    this.#mark(event, sign, text, defined({ client: party }));
    this.#change(party);
  }

  #fault(event: HistoryEventOf<'fault'>): void {
    const { fault, fired, packet = '', detail, client } = event;
    const words = detail === undefined ? fault : `${fault}: ${detail}`;
    const lost = fired && fault === 'drop';
    if (!fired) this.#mark(event, 'fault', `fault did not fire: ${words}`);
    else if (lost && SERVER_PACKETS.has(packet)) this.#traffic.dropped(event);
    else if (lost && client !== undefined) this.#add(this.#traffic.neverWritten(event, this.#line));
    else if (fault === 'delay') this.#traffic.delayed(event);
    else if (fault === 'duplicate') this.#traffic.duplicated(event);
    else if (fault === 'reorder') this.#mark(event, 'fault', `writes ${packet} in reverse order`);
    else if (!SHOWN_OTHERWISE.has(fault)) this.#mark(event, 'fault', fault === 'mute' ? 'answers no pings' : words);
  }

  #step(event: HistoryEventOf<'step'>): void {
    const what = event.client === undefined ? event.text : event.text.replace(/^[^:]*: *\{ *(.*?) *\}$/, '$1');
    this.#mark(event, 'missed', `step ${event.step} ${event.outcome}: ${what}`);
  }

  #mark(event: HistoryEvent & { at: number }, sign: Sign, text: string, more: Partial<MarkEntry> = {}): void {
    const client = 'client' in event ? event.client : undefined;
    const conn = 'conn' in event ? event.conn : undefined;
    const name = 'message' in event ? event.message : undefined;
    const entry = { shape: 'mark' as const, at: event.at, events: [event], lines: [this.#line], sign, text };
    this.#add({ ...entry, ...defined({ client, conn, name }), ...more });
  }

  #band(event: HistoryEvent & { at: number }, text: string): void {
    this.#add({ shape: 'band', at: event.at, events: [event], lines: [this.#line], text });
  }

  #change(client: string | undefined): void {
    const entry = this.entries.at(-1);
    if (entry === undefined) return;
    const state = client === undefined ? this.lifelines.server : this.lifelines.stateOf(client);
    entry.change = { ...defined({ client }), state };
  }

  #add(entry: Entry): void {
    this.entries.push(entry);
  }
}
