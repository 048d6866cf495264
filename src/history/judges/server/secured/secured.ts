import type { AckA } from '../../../../../schemas/index.js';
import type { Connection, Pending } from '../../../facts/connection.js';
import type { Facts } from '../../../facts/facts.js';
import type { TrackedMessage } from '../../../facts/message.js';
import type { Findings } from '../../findings.js';
import type { Judge, JudgeContext, JudgedClass } from '../../judge.js';
import { namesakeCause } from './namesake.js';

/** Fewer answers of one kind say nothing about time. */
const ENOUGH = 50;
const MAX_TIMES = 10_000;
const MAX_TEXTS = 64;
/** How often an answer of one kind is slower than one of the other before that is worth a word: by chance it is half. */
const GROSS = 0.9;
/** The medians must be apart by this much, too. */
const APART_MS = 1;
const APART_FACTOR = 1.5;
/** Kinds that take turns less often than this were not mixed: then other causes explain a difference. */
const MIXED = 0.2;

type Kind = 'foreign' | 'unknown';

interface Answers {
  /** Code and text without the id → line of the first one. */
  readonly texts: Map<string, number>;
  readonly times: number[];
}

/** Judges that an ack:R for a message of somebody else is answered like one for an id that never was. */
export class SecrecyJudge implements Judge {
  readonly #facts: Facts;
  readonly #findings: Findings;
  readonly #answers: Record<Kind, Answers> = {
    foreign: { texts: new Map(), times: [] },
    unknown: { texts: new Map(), times: [] },
  };
  #last: Kind | undefined;
  #turns = 0;

  constructor({ facts, findings }: JudgeContext) {
    this.#facts = facts;
    this.#findings = findings;
  }

  onForeignAckAnswered(
    connection: Connection,
    message: TrackedMessage | undefined,
    request: Pending,
    packet: AckA,
  ): void {
    if (this.#facts.forgetful || packet.status !== 'rejected' || packet.error?.code !== 'unknown-message') return;
    this.#collect(message === undefined ? 'unknown' : 'foreign', packet, request, !connection.excused);
  }

  #collect(kind: Kind, packet: AckA, pending: Pending, timed: boolean): void {
    const { texts, times } = this.#answers[kind];
    const { code, message } = packet.error ?? { code: 'none', message: '' };
    const text = `${code}: ${message.replaceAll(pending.id, '')}`;
    if (!texts.has(text) && texts.size < MAX_TEXTS) texts.set(text, this.#facts.line);
    if (this.#last !== kind) this.#turns += 1;
    this.#last = kind;
    if (timed && times.length < MAX_TIMES) times.push(this.#facts.at - pending.at);
  }

  onEnd(): void {
    this.#judgeTexts();
    this.#judgeTimes();
  }

  #judgeTexts(): void {
    const { foreign, unknown } = this.#answers;
    if (foreign.texts.size === 0 || unknown.texts.size === 0) return;
    const onlyIn = (one: Answers, other: Answers) => [...one.texts].find(([text]) => !other.texts.has(text));
    const odd = onlyIn(foreign, unknown) ?? onlyIn(unknown, foreign);
    if (odd === undefined) {
      this.#findings.exercise('IM-4.2-33', Math.min(foreign.texts.size, unknown.texts.size));
      return;
    }
    const [foreignText, foreignLine] = [...foreign.texts][0] as [string, number];
    const [unknownText, unknownLine] = [...unknown.texts][0] as [string, number];
    this.#findings.report({
      requirement: 'IM-4.2-33',
      message: 'the answer to an ack:R tells whether somebody else has that message',
      expected: 'the same code and the same text, but for the id',
      where: 'in the answers to ack:R packets of users who are not the recipient',
      seen: `for a message of somebody else "${foreignText}", for an id that never was "${unknownText}"`,
      events: [...new Set([foreignLine, unknownLine, odd[1]])].sort((a, b) => a - b),
      about: undefined,
    });
  }

  #judgeTimes(): void {
    const foreign = this.#answers.foreign.times;
    const unknown = this.#answers.unknown.times;
    if (Math.min(foreign.length, unknown.length) < ENOUGH) return;
    if (this.#turns < MIXED * Math.min(foreign.length, unknown.length)) return;
    const { line } = this.#facts;
    const halves = [firstHalf, secondHalf].map((half) => slower(half(foreign), half(unknown)));
    const apart = isApart(median(foreign), median(unknown));
    const consistent = halves.every((share) => share > GROSS) || halves.every((share) => share < 1 - GROSS);
    if (!apart || !consistent) {
      this.#findings.exercise('IM-4.2-34');
      return;
    }
    const fixed = (value: number) => `${value.toFixed(2)} ms`;
    this.#findings.report({
      requirement: 'IM-4.2-34',
      message: 'the time of the answer to an ack:R tells whether somebody else has that message',
      expected: 'times that nobody can tell apart',
      where: 'in the answers to ack:R packets of users who are not the recipient',
      seen: `a median of ${fixed(median(foreign))} for messages of somebody else (${foreign.length} answers), of ${fixed(median(unknown))} for ids that never were (${unknown.length} answers)`,
      events: [line],
      about: undefined,
    });
  }
}

const firstHalf = (times: number[]): number[] => times.slice(0, times.length >> 1);
const secondHalf = (times: number[]): number[] => times.slice(times.length >> 1);

const median = (times: number[]): number => [...times].sort((a, b) => a - b)[times.length >> 1] as number;

const isApart = (one: number, other: number): boolean => {
  const [less, more] = one < other ? [one, other] : [other, one];
  return more - less > APART_MS && more > APART_FACTOR * less;
};

/** How often a time of the first kind is longer than one of the second, of all pairs; equal ones count half. */
const slower = (one: number[], other: number[]): number => {
  const sorted = [...other].sort((a, b) => a - b);
  let wins = 0;
  for (const time of one) wins += (countWhile(sorted, (t) => t < time) + countWhile(sorted, (t) => t <= time)) / 2;
  return wins / (one.length * other.length);
};

/** Length of the beginning of a sorted list for which the test holds. */
const countWhile = (sorted: number[], test: (time: number) => boolean): number => {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (test(sorted[middle] as number)) low = middle + 1;
    else high = middle;
  }
  return low;
};

/** Class `secured`. */
export const secured: JudgedClass = {
  judges: (context) => [
    new SecrecyJudge(context),
    { ruleOfClose: (connection, event) => namesakeCause(context.facts, connection, event) },
  ],
};
