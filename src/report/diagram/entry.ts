import type { HistoryEvent } from '../../../schemas/index.js';
import type { Fate, LifelineState, Sign } from './model.js';

interface EntryBase {
  at: number;
  /** The events that it tells, the first of them first, and their lines. */
  events: HistoryEvent[];
  lines: number[];
  /** The message concerned, as `messageKey` makes it. */
  key?: string;
  /** What the script calls the message. */
  name?: string;
  /** The lifeline that looks different from here on; no client: the server. */
  change?: { client?: string; state: LifelineState };
}

export interface ArrowEntry extends EntryBase {
  shape: 'arrow';
  client: string;
  conn?: number;
  toServer: boolean;
  type: string;
  more: string[];
  fate: Fate;
  notes: string[];
  /** The application got the message of this packet. */
  handed?: boolean;
  /** It travelled on a connection that was not the newest of the client. */
  old?: boolean;
}

export interface MarkEntry extends EntryBase {
  shape: 'mark';
  /** Nobody: it happens to the server. */
  client?: string;
  conn?: number;
  sign: Sign;
  text: string;
}

export interface BandEntry extends EntryBase {
  shape: 'band';
  text: string;
}

/** A row before it is known whether it is shown, and beside whom. */
export type Entry = ArrowEntry | MarkEntry | BandEntry;

/** No id holds a space, so that the two cannot be confused. */
export const messageKey = (from: string, msgId: string): string => `${from} ${msgId}`;

export const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
