import {
  type BotHello,
  type BotInventory,
  type BotOutcome,
  headOf,
  type MsgR,
  readBotWord,
} from '../../../schemas/index.js';

/** What a bot said of itself, with what it left out. */
export interface Hello {
  start: string;
  name: string;
  roles: readonly string[];
  classes: string[];
  timers: Record<string, number>;
  limits: Record<string, number>;
  can: string[];
}

/** What the bot has said so far. */
export class Words {
  /** In the order in which they came; the last is of the start that runs. */
  readonly hellos: Hello[] = [];
  /** The first of its words that is none, in one sentence. */
  fault: string | undefined;
  readonly #outcomes = new Map<string, BotOutcome['status'][]>();
  readonly #parts = new Map<number, BotInventory[]>();
  readonly #known = new Set<string>();
  #repeatsStart = false;

  /** A start that was heard in an earlier scenario goes on. */
  adopt(hello: Hello): void {
    if (!this.hellos.some(({ start }) => start === hello.start)) this.hellos.push(hello);
  }

  /** Words are known by the msgId: equal content under another one is a second report, other content under the same one a second word. */
  hear({ msgId, body }: MsgR): void {
    const known = `${msgId} ${body}`;
    if (this.#known.has(known)) return;
    this.#known.add(known);
    const read = readBotWord(body);
    if ('fault' in read) this.fault ??= read.fault;
    else if ('hello' in read.word) this.#onHello(read.word.hello);
    else if ('outcome' in read.word) this.#onOutcome(read.word.outcome);
    else this.#onInventory(read.word.inventory);
  }

  #onHello({ start, name, roles, classes = [], timers = {}, limits = {}, can = [] }: BotHello): void {
    this.#repeatsStart = this.hellos.some((one) => one.start === start);
    if (this.#repeatsStart) return;
    this.hellos.push({ start, name, roles, classes, timers, limits, can });
  }

  /** Why no new hello is there, in words. */
  get whyNone(): string {
    if (this.fault !== undefined) return `it said ${this.fault}`;
    return this.#repeatsStart
      ? 'its hello named the "start" of an earlier one, which must be new in every start'
      : 'none came';
  }

  #onOutcome({ msgId, body, status }: BotOutcome): void {
    const key = msgId ?? `body ${headOf(body ?? '')}`;
    this.#outcomes.set(key, [...(this.#outcomes.get(key) ?? []), status]);
  }

  #onInventory(part: BotInventory): void {
    this.#parts.set(part.ask, [...(this.#parts.get(part.ask) ?? []), part]);
  }

  outcomesOf(msgId: string | undefined, body: string): readonly BotOutcome['status'][] {
    const byBody = this.#outcomes.get(`body ${headOf(body)}`) ?? [];
    return [...(msgId === undefined ? [] : (this.#outcomes.get(msgId) ?? [])), ...byBody];
  }

  /** Whether all parts of an answer have come. */
  hasInventory(ask: number): boolean {
    const parts = this.#parts.get(ask) ?? [];
    return parts.length > 0 && parts.length >= (parts[0]?.parts ?? 1);
  }
}
