import type { RequirementId, VanishPoint } from '../../../schemas/index.js';
import type { Finding, MessageKey, Undecided, UndecidedCode } from '../terms/judgement.js';
import { sentenceOf, type Text, text } from '../terms/text.js';

/** No history is worth more findings than a person can read; what comes after is only counted. */
const MAX_FINDINGS = 500;
const MAX_LINES_PER_FINDING = 16;
const MAX_UNDECIDED = 50;

/** What a judge tells of a broken requirement. Without a place of its own it is told how far the message has come. */
export type NewFinding = Omit<Finding, 'about' | 'vanishPoint' | 'texts' | 'expected' | 'seen' | 'where'> & {
  about: MessageKey | undefined;
  expected: Text;
  seen: Text;
  where?: Text;
  /** The message itself got lost: where, then, is worth knowing. */
  lost?: true;
};

interface Entry {
  readonly finding: Finding;
  /** The place without the note that was added last. */
  readonly where: Text;
}

/** What the judges find: broken requirements, how often each was put to the test, and what stays open. */
export class Findings {
  readonly list: Finding[] = [];
  readonly exercised: Record<string, number> = {};
  readonly undecided: Undecided[] = [];
  /** Through a dialect: the requirements that nothing can be said of, and the first step that was missed for one of them. */
  #notJudged: ReadonlySet<RequirementId> = new Set();
  missedUnjudged: { requirement: RequirementId; text: string } | undefined;
  readonly #byTopic = new Map<string, Finding>();
  readonly #lastAbout = new Map<string, Entry>();
  /** Where each stands: some are told later than they were seen. */
  readonly #places = new Map<Finding, number>();
  #nextPlace = 0;
  readonly #journeyOf: (about: MessageKey | undefined) => Text;
  readonly #vanishPointOf: (about: MessageKey) => VanishPoint;

  readonly #whyForgotten: (about: MessageKey) => Undecided | undefined;

  /**
   * The functions tell how far a message has come by now, for people and for programs; and why the server may have
   * forgotten it: then nothing about it is a finding.
   */
  constructor(
    journeyOf: (about: MessageKey | undefined) => Text,
    vanishPointOf: (about: MessageKey) => VanishPoint,
    whyForgotten: (about: MessageKey) => Undecided | undefined,
  ) {
    this.#journeyOf = journeyOf;
    this.#vanishPointOf = vanishPointOf;
    this.#whyForgotten = whyForgotten;
  }

  /** From now on nothing is said of these. */
  leaveOut(requirements: readonly RequirementId[]): void {
    this.#notJudged = new Set(requirements);
  }

  /** The history put the requirement to the test, and it held. */
  exercise(requirement: RequirementId, times = 1): void {
    if (this.#notJudged.has(requirement)) return;
    this.exercised[requirement] = (this.exercised[requirement] ?? 0) + times;
  }

  /** Keeps a place for what is seen now, and can be told only when more is known. */
  keepPlace(): number {
    this.#nextPlace += 1;
    return this.#nextPlace;
  }

  /** A place before what was found of this message since a line: all that follows from one thing then comes after it. */
  placeBefore(about: MessageKey | undefined, sinceLine: number): number {
    const key = keyOf(about);
    const later = this.list.filter((one) => keyOf(one.about) === key && Math.max(...one.events) > sinceLine);
    if (about === undefined || later.length === 0) return this.keepPlace();
    return Math.min(...later.map((one) => this.#places.get(one) ?? 0)) - 0.5;
  }

  /** Puts everything in the order in which it was seen: the first one is the fault, the others may be consequences. */
  sort(): void {
    const placeOf = (finding: Finding): number => this.#places.get(finding) ?? 0;
    this.list.sort((one, other) => placeOf(one) - placeOf(other));
  }

  /** The requirement was put to the test and broke. One message breaks one requirement only once; repeats add lines. */
  report(entry: NewFinding, seenAt = this.keepPlace()): void {
    const { about, expected, seen, where: place, lost, ...rest } = entry;
    if (this.#notJudged.has(rest.requirement)) {
      if (rest.step !== undefined) this.missedUnjudged ??= { requirement: rest.requirement, text: rest.message };
      return;
    }
    const forgotten = about && this.#whyForgotten(about);
    if (forgotten !== undefined) {
      this.leaveOpen(forgotten.code, forgotten.text);
      return;
    }
    this.exercise(rest.requirement);
    const key = keyOf(about);
    const topic = `${rest.requirement} ${about === undefined ? rest.message : key}`;
    const before = this.#byTopic.get(topic);
    if (before !== undefined) {
      if (before.events.length < MAX_LINES_PER_FINDING) before.events.push(...rest.events);
      return;
    }
    if (this.list.length >= MAX_FINDINGS) return;
    const where = place ?? this.#journeyOf(about);
    const finding: Finding = { ...rest, expected: '', seen: '', where: '' };
    if (about !== undefined) finding.about = about;
    // What came twice or came wrong has not vanished.
    const missing = lost === true || rest.late === true || rest.step !== undefined;
    if (about !== undefined && missing) finding.vanishPoint = this.#vanishPointOf(about);
    tell(finding, { expected, seen, where });
    this.list.push(finding);
    this.#places.set(finding, seenAt);
    this.#byTopic.set(topic, finding);
    if (about !== undefined) this.#lastAbout.set(key, { finding, where });
  }

  /**
   * Adds a consequence to the place of the finding that was reported last about a message; a newer one replaces it.
   * Returns whether there is such a finding.
   */
  addConsequence(about: MessageKey, consequence: string, line: number): boolean {
    const last = this.#lastAbout.get(keyOf(about));
    if (last === undefined) return false;
    const { finding, where } = last;
    const { expected, seen } = finding.texts ?? finding;
    tell(finding, { expected, seen, where: text`${where}; ${consequence}` });
    finding.events.push(line);
    return true;
  }

  /** What explains all else that stays open. */
  leaveOpenFirst(code: UndecidedCode, text: string): void {
    this.undecided.unshift({ code, text });
  }

  leaveOpen(code: UndecidedCode, text: string): void {
    if (this.undecided.length >= MAX_UNDECIDED || this.undecided.some((one) => one.text === text)) return;
    this.undecided.push({ code, text });
  }
}

/** Puts the words into a finding. Where they name an event whose time is not known, they are kept for the tracer. */
const tell = (finding: Finding, texts: { expected: Text; seen: Text; where: Text }): void => {
  finding.expected = sentenceOf(texts.expected);
  finding.seen = sentenceOf(texts.seen);
  finding.where = sentenceOf(texts.where);
  if (Object.values(texts).some((words) => typeof words !== 'string')) finding.texts = texts;
};

const keyOf = (about: MessageKey | undefined): string => (about === undefined ? '' : `${about.from} ${about.msgId}`);
