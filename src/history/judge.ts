import type { HistoryEvent } from '../../schemas/index.js';
import { ClientFacts } from './facts/client/client-facts.js';
import { Facts } from './facts/facts.js';
import { describeJourney, vanishPointOf } from './facts/journey.js';
import { excuseReachable } from './facts/links.js';
import { noteEvent } from './facts/note-event.js';
import { appointClientJudges } from './judges/client/registry.js';
import { Findings } from './judges/findings.js';
import { appointJudges } from './judges/registry.js';
import { whyForgotten } from './judges/server/core/dedup-window.js';
import { tooSlowToJudge } from './stalls.js';
import type { DialectTrouble, Finding, Judgement, MessageKey, Undecided } from './terms/judgement.js';

/**
 * Judges one history in one pass, event by event, in the order in which the kit saw them.
 * Pure: the clock is that of the history. Of a message that is done at most 64 bytes are kept.
 */
export class HistoryJudge {
  readonly #facts = new Facts();
  readonly #findings = new Findings(
    (about) => describeJourney(this.#facts, about),
    (about) => vanishPointOf(this.#facts, about),
    (about) => this.#whyForgotten(about),
  );
  /** Of a client under test, whose head says so. */
  #client: ClientFacts | undefined;
  #finished: Judgement | undefined;
  readonly #trouble: DialectTrouble = {};

  feed(event: HistoryEvent): void {
    const facts = this.#client ?? this.#facts;
    facts.line += 1;
    if (event.kind === 'unread') this.#trouble.unread ??= { frame: event.text, nearest: event.why };
    else if (event.kind === 'cannot') this.#trouble.cannot ??= event.why;
    if (event.kind !== 'history') {
      if (this.#client) this.#client.feed(event);
      else noteEvent(this.#facts, event);
    } else if (event.subject.role === 'client') {
      this.#client = new ClientFacts();
      this.#client.line = facts.line;
      this.#client.begin(event);
      appointClientJudges({ facts: this.#client, findings: this.#findings }, event.subject.classes);
    } else {
      this.#facts.begin(event);
      this.#findings.leaveOut(event.dialect?.notJudged ?? []);
      appointJudges(this.#facts, this.#findings, event);
    }
  }

  /** Ends the judging. Further calls return the same judgement. */
  finish(): Judgement {
    this.#finished ??= this.#finish();
    return this.#finished;
  }

  #whyForgotten({ from, msgId }: MessageKey): Undecided | undefined {
    const user = this.#facts.users.get(from);
    const message = user && this.#facts.messages.find(user, msgId);
    return message && whyForgotten(this.#facts, message);
  }

  #finish(): Judgement {
    const facts = this.#client ?? this.#facts;
    if (facts instanceof Facts) {
      excuseReachable(facts);
      facts.tell.onEnd();
    }
    if (facts.settledAt === undefined) this.#findings.leaveOpen('not-settled', 'the history ends before it settled');
    this.#findings.sort();
    const { exercised, undecided } = this.#findings;
    const list = this.#beforeServiceEnd(this.#findings.list);
    const faultsNotFired = facts.faults.notFired();
    const dialect = this.#dialectTrouble();
    const tooSlow = tooSlowToJudge(list, facts, facts.timers);
    if (tooSlow === undefined) return { findings: list, exercised, faultsNotFired, undecided, ...dialect };
    return { findings: [], exercised, faultsNotFired, undecided, tooSlow, ...dialect };
  }

  /** A service that the kit started and that ended by itself: what is found later says nothing of the server. */
  #beforeServiceEnd(list: Finding[]): Finding[] {
    const { serviceEnd } = this.#facts;
    if (serviceEnd === undefined) return list;
    const text = `service ${serviceEnd.service}, which the nodes need, ended by itself at ${Math.round(serviceEnd.at)} ms`;
    this.#findings.leaveOpenFirst('service-ended', text);
    return list.filter(({ events }) => Math.max(...events) < serviceEnd.line);
  }

  #dialectTrouble(): Pick<Judgement, 'dialect'> {
    if (this.#facts.dialect === undefined) return {};
    const { missedUnjudged: missed } = this.#findings;
    return { dialect: { ...this.#trouble, ...(missed ? { missed } : {}) } };
  }
}

/** Judges a whole history. */
export const judge = (events: Iterable<HistoryEvent>): Judgement => {
  const judging = new HistoryJudge();
  for (const event of events) judging.feed(event);
  return judging.finish();
};

/** Failed if anything broke; else inconclusive if the kit was too slow, a fault never fired or something stays open. */
export const verdictOf = (judgement: Judgement): 'passed' | 'failed' | 'inconclusive' => {
  if (judgement.findings.length > 0) return 'failed';
  return judgement.tooSlow !== undefined || judgement.faultsNotFired.length > 0 || judgement.undecided.length > 0
    ? 'inconclusive'
    : 'passed';
};
