import type { HistoryEvent, HistoryEventOf } from '../../../schemas/index.js';
import type { ArrowEntry } from './entry.js';
import { namesMessage, timesOf } from './script-labels.js';

/** More than this lies unread before one step of a client only in a flood, where nothing is thrown away singly. */
const MAX_FRESH = 10_000;

/**
 * Finds out which packets of the server a step of the script threw away. The history tells that it did and of which
 * messages, not which packets: they are those that came to the client since its step before.
 */
export class Losses {
  /** What came to each client since its last step. */
  readonly #fresh = new Map<string, ArrowEntry[]>();
  /** The last packet of each type that came to a client of a message. */
  readonly #last = new Map<string, ArrowEntry>();
  #pending: HistoryEventOf<'fault'> | undefined;

  came(entry: ArrowEntry): void {
    const fresh = this.#fresh.get(entry.client) ?? [];
    if (fresh.length < MAX_FRESH) fresh.push(entry);
    this.#fresh.set(entry.client, fresh);
    if (entry.name !== undefined) this.#last.set(`${entry.client} ${entry.type} ${entry.name}`, entry);
  }

  /** The drop of a packet of the server is recorded just before its step, which tells the messages. */
  dropped(fault: HistoryEventOf<'fault'>): void {
    this.#pending = fault;
  }

  /** To be called with every event: the one after the fault decides. */
  next(event: HistoryEvent): void {
    const fault = this.#pending;
    if (fault !== undefined && event !== fault) {
      this.#pending = undefined;
      this.#decide(fault, event.kind === 'step' && event.step === fault.step ? event : undefined);
    }
    if (event.kind === 'step' && event.client !== undefined) this.#fresh.delete(event.client);
  }

  #decide({ client = '', packet = '' }: HistoryEventOf<'fault'>, step: HistoryEventOf<'step'> | undefined): void {
    const unread = (this.#fresh.get(client) ?? []).filter((entry) => entry.type === packet && entry.handed !== true);
    const named = step === undefined ? unread : unread.filter(({ name }) => isOf(step, name));
    const left = new Map<string | undefined, number>();
    for (const entry of named) {
      // Of each message the script takes the first that it has not read yet, or as many as the step says.
      const taken = left.get(entry.name) ?? 0;
      left.set(entry.name, taken + 1);
      if (step === undefined || taken < timesOf(step.text)) lose(entry);
    }
    if (named.length > 0 || step?.message === undefined) return;
    const last = this.#last.get(`${client} ${packet} ${step.message}`);
    if (last !== undefined && last.handed !== true) lose(last);
  }
}

const isOf = ({ text, message }: HistoryEventOf<'step'>, name: string | undefined): boolean =>
  name !== undefined && (name === message || namesMessage(text, name));

const lose = (entry: ArrowEntry): void => {
  if (entry.fate === 'lost') return;
  entry.fate = 'lost';
  entry.notes.push('lost');
};
