import type { HistoryEvent, Role } from '../../../schemas/index.js';
import type { Finding } from '../terms/judgement.js';
import { linesNamedIn, sentenceOf, type Text } from '../terms/text.js';
import { describeEvent } from './describe-event.js';

/** As many as a report for people shows: a longer one would lose its end, where the fault is. */
const MAX_LINES = 24;
/** How many packets before an event are shown when no message is concerned. */
const BEFORE = 8;
/** How much of what happened to the connections of a client is kept until it is concerned. */
const MAX_TIES = 6;
/** What happened to connections is worth showing, but not without limit. */
const MAX_ENTRIES = 5_000;

interface Entry {
  readonly line: number;
  readonly event: HistoryEvent;
}

/** Collects the events concerned by one finding, event by event: several of them may share one pass over a history. */
export class Tracer {
  readonly #finding: Finding;
  readonly #wanted: ReadonlySet<number>;
  /** What comes after the last line that the finding names did not make it. */
  readonly #last: number;
  readonly #users = new Map<string, string>();
  readonly #serverMsgIds = new Set<string>();
  /** `conn rid` of the requests of the message: a rejection need not name it. */
  readonly #rids = new Set<string>();
  readonly #clients = new Set<string>();
  /** Connections of each client that is not concerned yet: how the newest began, and what became of it. */
  readonly #ties = new Map<string, Entry[]>();
  /** Without a message: the last packets of each client, and of all. */
  readonly #recent = new Map<string, Entry[]>();
  /** What happened to the process before anybody was concerned, but for its start. */
  readonly #process: Entry[] = [];
  readonly #entries = new Map<number, Entry>();
  /** Lines that the words of the finding name, and their times. */
  readonly #named: ReadonlySet<number>;
  readonly #times = new Map<number, number>();
  #line = -1;
  #role: Role = 'server';

  constructor(finding: Finding) {
    this.#finding = finding;
    this.#wanted = new Set(finding.events);
    this.#last = Math.max(...finding.events);
    this.#named = new Set(Object.values(finding.texts ?? {}).flatMap(linesNamedIn));
  }

  feed(event: HistoryEvent): void {
    this.#line += 1;
    if (event.kind === 'history') this.#role = event.subject.role;
    if (event.kind === 'history' || this.#line > this.#last) return;
    if (event.kind === 'client') {
      this.#users.set(event.client, event.user);
      return;
    }
    const entry = { line: this.#line, event };
    const wanted = this.#wanted.has(this.#line);
    if (this.#named.has(this.#line)) this.#times.set(this.#line, event.at);
    const concerned = this.#concerns(event) || wanted;
    if (concerned) this.#concern(event);
    if (concerned || this.#isContext(event)) this.#add(entry);
    else this.#remember(entry);
  }

  #add(entry: Entry): void {
    if (this.#entries.size < MAX_ENTRIES) this.#entries.set(entry.line, entry);
  }

  /** The clients of this event are concerned from here on; without a message, what came before is shown. */
  #concern(event: HistoryEvent): void {
    const { about } = this.#finding;
    const client = 'client' in event ? event.client : undefined;
    for (const entry of this.#process.splice(0)) this.#add(entry);
    if (client !== undefined) this.#involve(client);
    if (about === undefined) {
      for (const entry of this.#recent.get(client ?? '') ?? []) this.#add(entry);
      this.#recent.delete(client ?? '');
    }
    // Whoever should have got the message is concerned, although no packet of it ever came there.
    if (event.kind !== 'sent' || event.packet.type !== 'msg:R') return;
    for (const [other, user] of this.#users) if (user === event.packet.to) this.#involve(other);
  }

  #involve(client: string): void {
    if (this.#clients.has(client)) return;
    this.#clients.add(client);
    for (const entry of this.#ties.get(client) ?? []) this.#add(entry);
  }

  #remember(entry: Entry): void {
    const { event } = entry;
    if (event.kind === 'subject') {
      if (event.event !== 'started' || this.#process.length > 0) this.#process.push(entry);
      if (this.#process.length > MAX_TIES) this.#process.shift();
      return;
    }
    const client = 'client' in event ? event.client : undefined;
    if (client !== undefined && isTie(event)) {
      // A connection that is open tells that it was opened.
      const before = event.kind === 'opening' ? [] : (this.#ties.get(client) ?? []);
      const ties = [...before.filter((tie) => event.kind !== 'open' || tie.event.kind !== 'opening'), entry];
      this.#ties.set(client, ties.slice(-MAX_TIES));
    }
    if (this.#finding.about !== undefined || event.kind === 'opening' || event.kind === 'open') return;
    for (const key of client === undefined ? [''] : ['', client]) {
      const recent = this.#recent.get(key) ?? [];
      recent.push(entry);
      if (recent.length > BEFORE) recent.shift();
      this.#recent.set(key, recent);
    }
  }

  #isContext(event: HistoryEvent): boolean {
    if (event.kind === 'subject' || event.kind === 'settling' || event.kind === 'settled')
      return this.#entries.size > 0;
    return isTie(event) && 'client' in event && event.client !== undefined && this.#clients.has(event.client);
  }

  #concerns(event: HistoryEvent): boolean {
    const { about } = this.#finding;
    if (about === undefined) return false;
    if (event.kind === 'handed') return event.from === about.from && event.msgId === about.msgId;
    if (event.kind !== 'sent' && event.kind !== 'got') return false;
    const { packet } = event;
    const user = this.#users.get(event.client) ?? event.client;
    const serverMsgId = packet.serverMsgId as string | undefined;
    const own =
      packet.msgId === about.msgId &&
      (packet.type === 'msg:N' ? packet.from === about.from : [user, event.client].includes(about.from));
    const known = serverMsgId !== undefined && this.#serverMsgIds.has(serverMsgId);
    const answer = event.kind === 'got' && this.#rids.has(`${event.conn} ${packet.rid as string}`);
    if (!own && !known && !answer) return false;
    if (serverMsgId !== undefined && own) this.#serverMsgIds.add(serverMsgId);
    if (event.kind === 'sent') this.#rids.add(`${event.conn} ${packet.rid as string}`);
    return true;
  }

  /** The finding for people: times where the judge knew no more than the line of the history. */
  finding(): Finding {
    const { texts, ...finding } = this.#finding;
    if (texts === undefined) return finding;
    const timed = (words: Text): string => sentenceOf(words, (line) => this.#times.get(line));
    return { ...finding, expected: timed(texts.expected), seen: timed(texts.seen), where: timed(texts.where) };
  }

  /** One readable line for each event, with its time. */
  lines(): string[] {
    const entries = [...this.#entries.values()].sort((a, b) => a.line - b.line);
    if (entries.length <= MAX_LINES) return entries.map(({ event }) => describeEvent(event, this.#role));
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
    let left: Entry[] = [];
    const elide = () => {
      // A line that says "1 more" is as long as the one that it hides.
      if (left.length === 1) lines.push(...left.map(({ event }) => describeEvent(event, this.#role)));
      else if (left.length > 1) lines.push(`            … ${left.length} more`);
      left = [];
    };
    for (const entry of entries) {
      if (!chosen.has(entry.line)) left.push(entry);
      else {
        elide();
        lines.push(describeEvent(entry.event, this.#role));
      }
    }
    elide();
    return lines;
  }
}

/** What happens to a connection as such. */
const isTie = ({ kind }: HistoryEvent): boolean =>
  kind === 'opening' ||
  kind === 'open' ||
  kind === 'refused' ||
  kind === 'closed' ||
  kind === 'silent' ||
  kind === 'reading';
