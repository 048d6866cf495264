import type { RequirementId } from '../../schemas/index.js';
import type { Finding, MessageKey, Undecided, UndecidedCode } from './judgement.js';

/** No history is worth more findings than a person can read; what comes after is only counted. */
const MAX_FINDINGS = 500;
const MAX_LINES_PER_FINDING = 16;
const MAX_UNDECIDED = 50;

/** What a judge tells of a broken requirement. */
export type Report = Omit<Finding, 'about' | 'where'> & { about: MessageKey | undefined; where?: string };

/** What the judges write into: findings, how often each requirement was put to the test, and what stays open. */
export class Book {
  readonly findings: Finding[] = [];
  readonly exercised: Record<string, number> = {};
  readonly undecided: Undecided[] = [];
  readonly #byTopic = new Map<string, Finding>();
  readonly #lastAbout = new Map<string, Finding>();
  readonly #locate: (about: MessageKey | undefined) => string;

  /** The function tells how far a message has come by now. */
  constructor(locate: (about: MessageKey | undefined) => string) {
    this.#locate = locate;
  }

  /** The history put the requirement to the test, and it held. */
  exercise(requirement: RequirementId, times = 1): void {
    this.exercised[requirement] = (this.exercised[requirement] ?? 0) + times;
  }

  /**
   * The requirement was put to the test and broke. One message breaks one requirement only once; repeats add lines.
   * Without words of its own for the place, a finding about a message tells how far that has come.
   */
  report(entry: Report): void {
    const { about, where, ...rest } = entry;
    this.exercise(rest.requirement);
    const key = keyOf(about);
    const topic = `${rest.requirement} ${about === undefined ? rest.message : key}`;
    const before = this.#byTopic.get(topic);
    if (before !== undefined) {
      if (before.events.length < MAX_LINES_PER_FINDING) before.events.push(...rest.events);
      return;
    }
    if (this.findings.length >= MAX_FINDINGS) return;
    const finding: Finding = {
      ...rest,
      where: where ?? this.#locate(about),
      ...(about === undefined ? {} : { about }),
    };
    this.findings.push(finding);
    this.#byTopic.set(topic, finding);
    if (about !== undefined) this.#lastAbout.set(key, finding);
  }

  /** The finding that was reported last about a message. */
  lastAbout(about: MessageKey): Finding | undefined {
    return this.#lastAbout.get(keyOf(about));
  }

  leaveOpen(code: UndecidedCode, text: string): void {
    if (this.undecided.length >= MAX_UNDECIDED || this.undecided.some((one) => one.text === text)) return;
    this.undecided.push({ code, text });
  }
}

const keyOf = (about: MessageKey | undefined): string => (about === undefined ? '' : `${about.from} ${about.msgId}`);
