import {
  type BotInventory,
  type BotOutcome,
  headOf,
  type InventoryItem,
  type MsgR,
  readBotWord,
} from '../../../../schemas/index.js';
import type { Entry, Handed, Inventory, Seen } from './entry.js';

type Json = Record<string, unknown>;

const parsed = (body: string): Json => {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? (value as Json) : {};
  } catch {
    return {};
  }
};

/** What kit and bot have told each other by their words: what was handed over, and what the application holds. */
export class BotWords {
  readonly handed: Handed[] = [];
  readonly inventories = new Map<number, Inventory>();
  /** The inventories that the bot was asked for: of which sender, and on which line. */
  readonly asked = new Map<number, { from: string; line: number }>();
  /** The first of its words that is none, in one sentence. */
  fault: string | undefined;
  /** The bodies that came under each msgId. */
  readonly #known = new Map<string, Set<string>>();

  /** Whether another word of the bot has come under that msgId: then this is a second message under one id. */
  isIdTaken({ msgId, body }: Pick<MsgR, 'msgId' | 'body'>): boolean {
    const bodies = this.#known.get(msgId);
    return bodies !== undefined && !bodies.has(body);
  }

  /** Whether a word of the bot came under that msgId. */
  isWord(msgId: string): boolean {
    return this.#known.has(msgId);
  }

  /** A word of the bot, on this line of the history. Returns the outcome that it tells; a repeated word tells none. */
  heard({ msgId, body }: MsgR, line: number): BotOutcome | undefined {
    const bodies = this.#known.get(msgId) ?? new Set();
    if (bodies.has(body)) return undefined;
    this.#known.set(msgId, bodies.add(body));
    const read = readBotWord(body);
    if ('fault' in read) {
      this.fault ??= read.fault;
      return undefined;
    }
    if ('inventory' in read.word) this.#onInventory(read.word.inventory, line);
    return 'outcome' in read.word ? read.word.outcome : undefined;
  }

  #onInventory({ from, ask, part, parts, items }: BotInventory, line: number): void {
    const known = this.inventories.get(ask) ?? {
      ask,
      from,
      parts: new Map<number, readonly InventoryItem[]>(),
      of: parts,
      line,
    };
    known.parts.set(part, items);
    known.line = line;
    this.inventories.set(ask, known);
  }

  /** The first message with that head that was never sent has its outcome. False: there is none. */
  endUnsent(head: string): boolean {
    const found = this.handed.find(
      (one) => one.entry === undefined && !one.isOver && headOf(one.body) === headOf(head),
    );
    if (found !== undefined) found.isOver = true;
    return found !== undefined;
  }

  /** The message that this is, sent for the first time now: if there is a choice, one that is not over. */
  firstSent({ to, body }: Pick<MsgR, 'to' | 'body'>): Handed | undefined {
    const unsent = this.handed.filter(({ entry }) => entry === undefined);
    const fitting = unsent.filter((one) => one.to === to && one.body === body);
    const found = fitting.find(({ isOver }) => !isOver) ?? fitting[0];
    if (!found?.isOver) return found;
    // An outcome by the head says the same of two long texts that begin alike: then the other one is over.
    const twin = unsent.find((one) => !one.isOver && headOf(one.body) === headOf(body));
    if (twin !== undefined) {
      delete found.isOver;
      twin.isOver = true;
    }
    return found;
  }

  /** The first message with that head that was sent. */
  sentWith(head: string): Entry | undefined {
    return this.handed.find((one) => one.entry !== undefined && headOf(one.body) === headOf(head))?.entry;
  }

  /** A word of the kit. */
  told(word: string, body: string, { at, line }: Seen): void {
    const said = parsed(body);
    const add = (message: Json): void => {
      const { to, body: text, ttlMs } = message;
      this.handed.push({
        to: String(to),
        body: String(text),
        ttlMs: ttlMs as number | undefined,
        order: this.handed.length,
        word,
        at,
        entry: undefined,
      });
    };
    if (said.do === 'send') for (const message of said.messages as Json[]) add(message);
    if (said.do === 'inventory') this.asked.set(Number(said.ask), { from: String(said.from), line });
    if (said.do === 'stream') {
      for (let i = 1; i <= Number(said.count); i++) add({ to: said.to, body: `${String(said.prefix)}${i}` });
    }
  }
}
