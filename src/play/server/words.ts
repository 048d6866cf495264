import type { MsgR } from '../../../schemas/index.js';

export interface Hello {
  start: string;
  name: string;
  roles: string[];
  classes: string[];
  timers: Record<string, number>;
  limits: Record<string, number>;
  can: string[];
}

export type OutcomeStatus = 'stored' | 'delivered' | 'expired' | 'refused' | 'unknown';

export interface Outcome {
  msgId?: string;
  body?: string;
  status: OutcomeStatus;
}

export interface InventoryPart {
  from: string;
  ask: number;
  part: number;
  parts: number;
  items: (string | { head: string; bytes: number })[];
}

/** A word of the bot; undefined: its body is none that the kit knows. */
export interface Word {
  hello?: Hello;
  outcome?: Outcome;
  inventory?: InventoryPart;
}

export const wordOf = (body: string): Word | undefined => {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Word) : undefined;
  } catch {
    return undefined;
  }
};

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');
const isNumbers = (value: unknown): value is Record<string, number> =>
  isRecord(value) && Object.values(value).every((item) => typeof item === 'number' && item > 0);

/** What is wrong with a hello, in words; undefined: nothing. */
export const helloFault = (hello: unknown): string | undefined => {
  if (!isRecord(hello)) return 'it is no object';
  if (hello.words !== 1) return '"words" must be 1, the version of the words';
  if (typeof hello.start !== 'string' || hello.start === '') return '"start" must be a text that is new in every start';
  if (!isTexts(hello.roles) || !hello.roles.some((role) => role === 'sender' || role === 'receiver')) {
    return '"roles" must hold "sender", "receiver" or both';
  }
  if (hello.classes !== undefined && !isTexts(hello.classes)) return '"classes" must be a list of texts';
  if (hello.timers !== undefined && !isNumbers(hello.timers)) return '"timers" must hold numbers of milliseconds';
  if (hello.limits !== undefined && !isNumbers(hello.limits)) return '"limits" must hold numbers';
  if (hello.can !== undefined && !isTexts(hello.can)) return '"can" must be a list of texts';
  return undefined;
};

/** What the bot has said so far. */
export class Words {
  /** In the order in which they came; the last is of the start that runs. */
  readonly hellos: Hello[] = [];
  helloFault: string | undefined;
  readonly #outcomes = new Map<string, OutcomeStatus[]>();
  readonly #parts = new Map<number, InventoryPart[]>();
  readonly #known = new Set<string>();

  /** A start that was heard in an earlier scenario goes on. */
  adopt(hello: Hello): void {
    if (!this.hellos.some(({ start }) => start === hello.start)) this.hellos.push(hello);
  }

  /** Words are known by the msgId: equal content under another one is a second report, other content under the same one a second word. */
  hear({ msgId, body }: MsgR): void {
    const known = `${msgId} ${body}`;
    if (this.#known.has(known)) return;
    this.#known.add(known);
    const word = wordOf(body);
    if (word?.hello !== undefined) this.#onHello(word.hello);
    if (word?.outcome !== undefined) this.#onOutcome(word.outcome);
    if (word?.inventory !== undefined) {
      this.#parts.set(word.inventory.ask, [...(this.#parts.get(word.inventory.ask) ?? []), word.inventory]);
    }
  }

  #onHello(hello: Hello): void {
    const fault = helloFault(hello);
    if (fault !== undefined) this.helloFault = fault;
    else if (!this.hellos.some(({ start }) => start === hello.start)) {
      const { classes = [], timers = {}, limits = {}, can = [] } = hello;
      this.hellos.push({ ...hello, classes, timers, limits, can });
    }
  }

  #onOutcome({ msgId, body, status }: Outcome): void {
    const key = msgId ?? `body ${body ?? ''}`;
    this.#outcomes.set(key, [...(this.#outcomes.get(key) ?? []), status]);
  }

  outcomesOf(msgId: string | undefined, body: string): readonly OutcomeStatus[] {
    const byBody = this.#outcomes.get(`body ${[...body].slice(0, 64).join('')}`) ?? [];
    return [...(msgId === undefined ? [] : (this.#outcomes.get(msgId) ?? [])), ...byBody];
  }

  /** Whether all parts of an answer have come. */
  hasInventory(ask: number): boolean {
    const parts = this.#parts.get(ask) ?? [];
    return parts.length > 0 && parts.length >= (parts[0]?.parts ?? 1);
  }
}
