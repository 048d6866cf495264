/** What a space-time diagram consists of, whoever draws it. Every text in it is inert already. */

/** What a lifeline looks like from a row on, until the next. */
export type LifelineState = 'away' | 'open' | 'silent' | 'stalled' | 'up' | 'frozen' | 'down';

export interface Party {
  /** As the script calls it; `server` for the subject. */
  name: string;
  role: 'client' | 'server';
  /** Who it is for the server: user and device. */
  detail: string;
}

/** The words on an arrow, the most important first, so that a drawer with little room leaves out the rest. */
export interface Label {
  type: string;
  /** Of the message: as the script calls it, otherwise its msgId. Absent where the diagram is about one message. */
  id?: string;
  more: string[];
}

/**
 * What became of a packet. `lost`: it did not reach its end, or was thrown away there. `unanswered`: nobody knows.
 * `missing`: it never came, and it is what one would have to look for.
 */
export type Fate = 'arrived' | 'lost' | 'unanswered' | 'missing';

interface RowBase {
  /** Milliseconds since the history began. */
  at: number;
  /** One for each party, after this row. */
  states: LifelineState[];
  /** The violation names it. */
  violating: boolean;
  /** The event in full, for a person who wants to know more. */
  title: string;
}

export interface Arrow extends RowBase {
  kind: 'arrow';
  /** Which party the client is; the other end is the server. */
  client: number;
  toServer: boolean;
  label: Label;
  fate: Fate;
  notes: string[];
}

export const SIGNS = [
  'opened',
  'refused',
  'closed',
  'quiet',
  'resumed',
  'handed',
  'missed',
  'fault',
  'killed',
  'started',
  'frozen',
  'page',
] as const;
export type Sign = (typeof SIGNS)[number];

/** Something that happens to one party. */
export interface Mark extends RowBase {
  kind: 'mark';
  party: number;
  sign: Sign;
  text: string;
}

/** Something that happens to everybody. */
export interface Band extends RowBase {
  kind: 'band';
  text: string;
}

/** Rows that were left out. */
export interface Elision {
  kind: 'elision';
  count: number;
  fromMs: number;
  toMs: number;
  states: LifelineState[];
}

export type Row = Arrow | Mark | Band | Elision;

export interface Diagram {
  scenario: string;
  /** From left to right. */
  parties: Party[];
  /** Which of them is the server. */
  server: number;
  rows: Row[];
  /** Of the messages shown that have a name in the script: the name, and the msgId on the wire. */
  messages: { label: string; msgId: string; from: string }[];
  /** Clients for which there was no room. */
  hidden: string[];
  /** Where the message of the violation was seen last, in one sentence. */
  vanished?: string;
}

/** The violation to be shown, as a judge or a report has it. */
export interface ShownViolation {
  /** Line numbers of the history, from 0. */
  events: readonly number[];
  /** The message concerned; without it, it is taken from the events, where two or more agree on one. */
  about?: { from: string; msgId: string };
}

export interface DiagramOptions {
  /** Shows what this violation is about; without it, everything. */
  violation?: ShownViolation;
  /** Shows so many rows at most, those that were left out included: 40. */
  rows?: number;
  /** Shows so many clients at most: 6. */
  clients?: number;
}
