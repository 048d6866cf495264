import type { HistoryEvent, Role } from '../../../schemas/index.js';
import { defined } from '../../defined.js';
import { describeEvent } from '../../history/index.js';
import { inert } from '../inert.js';
import { type Choice, choose } from './choice.js';
import { columnsOf, type Side } from './columns.js';
import { elide, type Kept } from './elide.js';
import type { ArrowEntry, Entry } from './entry.js';
import { type Journey, journeyOf } from './journey.js';
import type { Diagram, DiagramOptions, LifelineState, Party, Row } from './model.js';
import { Narrator } from './narrator.js';

const MAX_ROWS = 40;
const MAX_CLIENTS = 6;
/** A tooltip is read, not scrolled. */
const MAX_TITLE = 400;

/** The space-time diagram of a history, whole or cut to what one violation is about. */
export const diagramOf = (events: Iterable<HistoryEvent>, options: DiagramOptions = {}): Diagram => {
  const { violation, rows = MAX_ROWS, clients = MAX_CLIENTS } = options;
  const narrator = new Narrator();
  for (const event of events) narrator.feed(event);
  narrator.finish();
  const choice = choose(narrator, violation, Math.max(1, clients));
  const journey = choice.key === undefined ? undefined : journeyOf(narrator, choice.key);
  const missing = journey === undefined ? undefined : withJourney(choice, journey, narrator);
  const kept = elide(
    choice.entries,
    missing === undefined ? choice.violating : new Set([...choice.violating, missing]),
    Math.max(3, rows),
  );
  const { left, right } = columnsOf(choice.clients, choice.entries, sidesOf(narrator, choice));
  const drawing = new Drawing(narrator, choice, [...left, undefined, ...right]);
  return {
    scenario: inert(narrator.scenario),
    parties: drawing.parties(),
    server: left.length,
    rows: drawing.rows(kept),
    messages: drawing.messages(kept),
    hidden: choice.hidden.map(inert),
    ...defined({ vanished: journey === undefined ? undefined : inert(journey.text) }),
  };
};

/** Adds the packet that never came, where the wait for it ended. */
const withJourney = (
  { entries, key, clients }: Choice,
  journey: Journey,
  { index }: Narrator,
): ArrowEntry | undefined => {
  const { missing, last } = journey;
  last.notes.push('last seen here');
  if (missing === undefined || !clients.includes(missing.client) || key === undefined) return undefined;
  const settled = entries.findLastIndex(({ events: [event] }) => event?.kind === 'settled');
  const place = settled < 0 ? entries.length : settled;
  const at = (entries[place] ?? entries.at(-1))?.at ?? last.at;
  const entry: ArrowEntry = {
    ...{ shape: 'arrow', at, events: [], lines: [], toServer: false, fate: 'missing', notes: ['never came'], key },
    ...missing,
    ...defined({ name: index.messageOf(key)?.name }),
  };
  entries.splice(place, 0, entry);
  return entry;
};

/** On which side of the server the devices of sender and receiver belong, whatever they did. */
const sidesOf = ({ index, clients }: Narrator, { key }: Choice): Map<string, Side> => {
  const message = key === undefined ? undefined : index.messageOf(key);
  const sides = new Map<string, Side>();
  if (message === undefined) return sides;
  for (const { client, user } of clients) {
    if (user === message.from) sides.set(client, 'left');
    else if (user === message.to) sides.set(client, 'right');
  }
  return sides;
};

const TESTED = 'the subject under test';

class Drawing {
  readonly #narrator: Narrator;
  readonly #choice: Choice;
  /** From left to right; undefined is the server. */
  readonly #columns: readonly (string | undefined)[];
  readonly #place: ReadonlyMap<string | undefined, number>;
  readonly #states: LifelineState[];
  /** Where the walk through the history has come. */
  #next = 0;

  constructor(narrator: Narrator, choice: Choice, columns: readonly (string | undefined)[]) {
    this.#narrator = narrator;
    this.#choice = choice;
    this.#columns = columns;
    this.#place = new Map(columns.map((client, place) => [client, place]));
    this.#states = columns.map((client) => (client === undefined ? 'up' : 'away'));
  }

  parties(): Party[] {
    const known = new Map(this.#narrator.clients.map((event) => [event.client, event]));
    const isTested = (role: Role): boolean => this.#narrator.role === role;
    return this.#columns.map((client) => {
      const event = known.get(client ?? '');
      const isServer = client === undefined;
      if (isServer) return { name: 'server', role: 'server', detail: isTested('server') ? TESTED : 'the kit' };
      const person = event === undefined ? client : `${event.user}, device ${event.device}`;
      const detail = isTested('client') ? `${TESTED}: ${person}` : person;
      return { name: inert(client), role: 'client', detail: inert(detail) };
    });
  }

  rows(kept: readonly Kept[]): Row[] {
    const keys = new Set(kept.map((one) => ('entry' in one ? (one.entry.key ?? one.entry.name) : undefined)));
    keys.delete(undefined);
    return kept.map((one) => ('entry' in one ? this.#row(one.entry, keys.size > 1) : this.#elision(one.left)));
  }

  /** What the script calls the messages that are shown, and their ids on the wire. */
  messages(kept: readonly Kept[]): Diagram['messages'] {
    const keys = new Set(
      kept.map((one) => ('entry' in one && one.entry.shape === 'arrow' ? one.entry.key : undefined)),
    );
    return [...keys].flatMap((key) => {
      const message = key === undefined ? undefined : this.#narrator.index.messageOf(key);
      if (message?.name === undefined) return [];
      return [{ label: inert(message.name), msgId: inert(message.msgId), from: inert(message.from) }];
    });
  }

  /** What the lifelines look like after an entry: everything before it has happened, shown or not. */
  #statesAfter(entry: Entry | undefined): LifelineState[] {
    const { entries } = this.#narrator;
    const line = entry?.lines[0] ?? Number.POSITIVE_INFINITY;
    for (; this.#next < entries.length; this.#next += 1) {
      const one = entries[this.#next];
      if (one === undefined || (one.lines[0] ?? 0) > line) break;
      const place = one.change === undefined ? undefined : this.#place.get(one.change.client);
      if (one.change !== undefined && place !== undefined) this.#states[place] = one.change.state;
    }
    return [...this.#states];
  }

  #elision(left: readonly Entry[]): Row {
    const [first] = left;
    const last = left.at(-1);
    const states = this.#statesAfter(last);
    return { kind: 'elision', count: left.length, fromMs: first?.at ?? 0, toMs: last?.at ?? 0, states };
  }

  #row(entry: Entry, several: boolean): Row {
    const states = entry.lines.length === 0 ? [...this.#states] : this.#statesAfter(entry);
    const { role } = this.#narrator;
    const title = titleOf(entry, role);
    const base = { at: entry.at, states, violating: this.#choice.violating.has(entry), title };
    if (entry.shape === 'band') return { ...base, kind: 'band', text: inert(entry.text) };
    const place = this.#place.get(entry.client) ?? 0;
    const conn = this.#connOf(entry);
    if (entry.shape === 'mark') {
      const text = inert(`${entry.text}${conn === undefined ? '' : ` (#${conn})`}`);
      return { ...base, kind: 'mark', party: place, sign: entry.sign, text };
    }
    const id = several || entry.type === 'msg:R' || entry.type === 'msg:N' ? this.#idOf(entry) : undefined;
    const more = [...entry.more, ...(conn === undefined ? [] : [`#${conn}`])].map(inert);
    const label = { type: inert(entry.type), more, ...defined({ id: id === undefined ? undefined : inert(id) }) };
    const { fate, notes } = entry;
    // What the kit wrote to a client under test came from its server.
    const toServer = entry.toServer === (role === 'server');
    return { ...base, kind: 'arrow', client: place, toServer, label, fate, notes: notes.map(inert) };
  }

  /** Connections have numbers where there are several, packets only where it is not the newest. */
  #connOf(entry: Exclude<Entry, { shape: 'band' }>): number | undefined {
    const { client, conn } = entry;
    if (entry.shape === 'arrow') return entry.old === true ? conn : undefined;
    return client !== undefined && this.#narrator.lifelines.hasSeveral(client) ? conn : undefined;
  }

  #idOf({ key, name }: ArrowEntry): string | undefined {
    const message = key === undefined ? undefined : this.#narrator.index.messageOf(key);
    return name ?? message?.name ?? message?.msgId;
  }
}

const titleOf = (entry: Entry, role: Role): string => {
  if (entry.events.length === 0 && entry.shape === 'arrow') return `${entry.type} ${entry.name ?? ''} never came`;
  const text = entry.events.map((event) => describeEvent(event, role).trim()).join('; ');
  // Cut first: half a surrogate pair at the end is then made visible, too.
  return inert(text.length > MAX_TITLE ? `${text.slice(0, MAX_TITLE)}…` : text);
};
