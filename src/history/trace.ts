import type { HistoryEvent } from '../../schemas/index.js';
import { describeEvent } from './describe-event.js';
import type { Finding } from './judgement.js';

/** As many as a report for people shows: a longer one would lose its end, where the fault is. */
const MAX_LINES = 24;
/** How many packets before an event are shown when no message is concerned. */
const BEFORE = 8;
/** What happened to connections is worth showing, but not without limit. */
const MAX_ENTRIES = 5_000;

interface Entry {
  line: number;
  text: string;
}

/** The events concerned by a finding, one readable line each, with times: a second pass over the same history. */
export const traceOf = (events: Iterable<HistoryEvent>, finding: Finding): string[] => {
  const tracer = new Tracer(finding);
  for (const event of events) tracer.feed(event);
  return tracer.lines();
};

/** Collects the trace of one finding, event by event: several of them may share one pass. */
export class Tracer {
  readonly #finding: Finding;
  readonly #wanted: ReadonlySet<number>;
  readonly #users = new Map<string, string>();
  readonly #sids = new Set<string>();
  /** `conn rid` of the requests of the message: a rejection need not name it. */
  readonly #rids = new Set<string>();
  readonly #clients = new Set<string>();
  /** The last opening (or open) of each client that is not concerned yet, and the last packets of each connection. */
  readonly #lastOpening = new Map<string, Entry>();
  readonly #recent = new Map<number, Entry[]>();
  readonly #entries = new Map<number, Entry>();
  #line = -1;

  constructor(finding: Finding) {
    this.#finding = finding;
    this.#wanted = new Set(finding.events);
  }

  feed(event: HistoryEvent): void {
    this.#line += 1;
    if (event.kind === 'history') return;
    if (event.kind === 'client') {
      this.#users.set(event.client, event.user);
      return;
    }
    const entry = { line: this.#line, text: '' };
    const concerned = this.#concerns(event) || this.#wanted.has(this.#line);
    const context = !concerned && this.#isContext(event);
    if (concerned || context) entry.text = describeEvent(event);
    if (concerned) this.#concern(event);
    if ((concerned || context) && this.#entries.size < MAX_ENTRIES) this.#entries.set(entry.line, entry);
    else this.#remember(event, entry);
  }

  /** A client is concerned from here on: show how its connection began, and, without a message, what came before. */
  #concern(event: HistoryEvent): void {
    if (!('client' in event) || event.client === undefined) return;
    const opening = this.#lastOpening.get(event.client);
    if (!this.#clients.has(event.client) && opening !== undefined) this.#entries.set(opening.line, opening);
    this.#clients.add(event.client);
    if (this.#finding.about !== undefined || !('conn' in event)) return;
    for (const entry of this.#recent.get(event.conn) ?? []) this.#entries.set(entry.line, entry);
    this.#recent.delete(event.conn);
  }

  #remember(event: HistoryEvent, entry: Entry): void {
    if (event.kind === 'opening' || event.kind === 'open')
      this.#lastOpening.set(event.client, { ...entry, text: describeEvent(event) });
    if (this.#finding.about !== undefined || !('conn' in event) || event.kind === 'opening' || event.kind === 'open')
      return;
    const recent = this.#recent.get(event.conn) ?? [];
    recent.push({ ...entry, text: describeEvent(event) });
    if (recent.length > BEFORE) recent.shift();
    this.#recent.set(event.conn, recent);
  }

  #isContext(event: HistoryEvent): boolean {
    if (event.kind === 'subject' || event.kind === 'settling' || event.kind === 'settled')
      return this.#entries.size > 0;
    if (event.kind === 'sent' || event.kind === 'got' || event.kind === 'handed' || event.kind === 'step') return false;
    if (event.kind === 'fault' || event.kind === 'got-pong') return false;
    return 'client' in event && event.client !== undefined && this.#clients.has(event.client);
  }

  #concerns(event: HistoryEvent): boolean {
    const { about } = this.#finding;
    if (about === undefined) return false;
    if (event.kind === 'handed') return event.from === about.from && event.msgId === about.msgId;
    if (event.kind !== 'sent' && event.kind !== 'got') return false;
    const { packet } = event;
    const user = this.#users.get(event.client) ?? event.client;
    const sid = packet.serverMsgId as string | undefined;
    const own = packet.msgId === about.msgId && (packet.type === 'msg:N' ? packet.from : user) === about.from;
    const known = sid !== undefined && this.#sids.has(sid);
    const answer = event.kind === 'got' && this.#rids.has(`${event.conn} ${packet.rid as string}`);
    if (!own && !known && !answer) return false;
    if (sid !== undefined && own) this.#sids.add(sid);
    if (event.kind === 'sent') this.#rids.add(`${event.conn} ${packet.rid as string}`);
    return true;
  }

  lines(): string[] {
    const entries = [...this.#entries.values()].sort((a, b) => a.line - b.line);
    if (entries.length <= MAX_LINES) return entries.map((entry) => entry.text);
    return this.#shorten(entries);
  }

  /** The beginning, the lines that the finding names, and the end; what lies between is counted. */
  #shorten(entries: Entry[]): string[] {
    const chosen = new Set<number>();
    const choose = (candidates: Entry[], limit: number) => {
      for (const entry of candidates) if (chosen.size < limit) chosen.add(entry.line);
    };
    choose(entries.slice(0, 6), 6);
    choose(
      entries.filter((entry) => this.#wanted.has(entry.line)),
      14,
    );
    choose(entries.slice().reverse(), MAX_LINES - 4);
    const lines: string[] = [];
    let left = 0;
    const elide = () => {
      if (left > 0) lines.push(`            … ${left} more`);
      left = 0;
    };
    for (const entry of entries) {
      if (!chosen.has(entry.line)) left += 1;
      else {
        elide();
        lines.push(entry.text);
      }
    }
    elide();
    return lines;
  }
}
