import type { Description, HistoryEvent, ScenarioResult, Timers, Violation } from '../../schemas/index.js';
import { KitError } from '../errors.js';
import { HistoryJudge, type Judgement } from '../history/index.js';
import type { Ledger } from '../ledger/index.js';
import { type Control, type Dial, Interrupted, play, type Scenario, Stage } from '../scenario/index.js';
import { writeHistory } from './history-file.js';
import { toViolation } from './requirements.js';
import type { StallMeter } from './stall-meter.js';
import type { Subject, SubjectExit } from './subject.js';

export interface ScenarioRun {
  subject: Subject;
  /** Power over the subject, as much as this scenario may have. */
  control?: Control;
  dial: Dial;
  description: Description;
  timers: Timers;
  served?: { faults: readonly string[] };
  ledger: Ledger;
  patienceMs: number;
  random: () => number;
  userSuffix: string;
  signal: AbortSignal;
  historyDir?: string;
  replay: string;
  attempt: number;
  stalls: StallMeter;
}

const blankResult = (scenario: Scenario, replay: string): ScenarioResult => ({
  id: scenario.id,
  title: scenario.title,
  class: scenario.class,
  verdict: 'passed',
  durationMs: 0,
  waitedMs: 0,
  stalledMs: 0,
  exclusive: scenario.exclusive,
  proves: scenario.proves,
  exercised: {},
  violations: [],
  warnings: [],
  seenIn: scenario.seenIn,
  attempts: 0,
  knownFailure: false,
  replay,
});

/** A result for a scenario that was not run. */
export const notRun = (
  scenario: Scenario,
  verdict: 'not-applicable' | 'unproven' | 'error' | 'inconclusive',
  reason: string,
  replay: string,
): ScenarioResult => ({ ...blankResult(scenario, replay), verdict, reason });

const headOf = (scenario: Scenario, run: ScenarioRun): HistoryEvent => ({
  kind: 'history',
  version: 1,
  scenario: scenario.id,
  classes: run.description.classes ?? ['core'],
  timers: run.timers,
  patienceMs: run.patienceMs,
  startedAt: Date.now(),
});

const describeExit = ({ code, signal }: SubjectExit) => ({
  kind: 'subject' as const,
  event: 'exited' as const,
  ...(code === null ? {} : { code }),
  ...(signal === null ? {} : { signal }),
});

const judged = (judgement: Judgement, violations: Violation[]): Pick<ScenarioResult, 'verdict' | 'reason'> => {
  if (violations.length > 0) return { verdict: 'failed' };
  const [fault] = judgement.faultsNotFired;
  if (fault !== undefined) return { verdict: 'inconclusive', reason: `the fault of step ${fault} never fired` };
  const [undecided] = judgement.undecided;
  if (undecided !== undefined) return { verdict: 'inconclusive', reason: undecided };
  return { verdict: 'passed' };
};

/** A stall of a third of the shortest time that the subject is held to, or that it holds the kit to, is too long. */
const STALL_FRACTION = 3;

/** Whether the kit was too slow to judge: then nothing counts against the subject. */
const excuseStalled = (result: ScenarioResult, { answerWithinMs, deadAfterMs }: Timers): void => {
  const tolerable = Math.min(answerWithinMs, deadAfterMs) / STALL_FRACTION;
  if (result.verdict !== 'failed' || result.stalledMs <= tolerable) return;
  const seen = [...new Set(result.violations.map((violation) => violation.requirement))].join(', ');
  result.verdict = 'error';
  result.reason = `too slow to judge: the kit itself stood still for ${result.stalledMs} ms, and what it saw (${seen}) may come from that. Give it a quieter machine, or lower --concurrency and --instances.`;
  result.violations = [];
};

/** Plays one scenario on one subject, judges its history and says what came of it. Throws only Interrupted. */
export const runScenario = async (scenario: Scenario, run: ScenarioRun): Promise<ScenarioResult> => {
  const result = { ...blankResult(scenario, run.replay), attempts: run.attempt };
  const events: HistoryEvent[] = [headOf(scenario, run)];
  const stage = new Stage({
    dial: run.dial,
    ...(run.control ? { control: run.control } : {}),
    description: run.description,
    ...(run.served ? { served: run.served } : {}),
    timers: run.timers,
    patienceMs: run.patienceMs,
    userSuffix: run.userSuffix,
    random: run.random,
    signal: run.signal,
    onEvent: (event) => events.push(event),
  });
  const offExit = run.subject.control?.onExit((exit) => {
    stage.subjectUp = false;
    stage.record(describeExit(exit));
  });
  try {
    await play(stage, scenario);
    const judge = new HistoryJudge();
    for (const event of events) judge.feed(event);
    const judgement = judge.finish();
    const all = judgement.findings.map((finding) => toViolation(run.ledger, finding, events));
    result.violations = all.filter((violation) => violation.level === 'MUST');
    result.warnings = all.filter((violation) => violation.level !== 'MUST');
    result.exercised = judgement.exercised;
    Object.assign(result, judged(judgement, result.violations));
    result.stalledMs = run.stalls.worstSince(stage.startedAt);
    excuseStalled(result, run.timers);
  } catch (cause) {
    if (cause instanceof Interrupted) throw cause;
    result.verdict = 'error';
    result.reason =
      cause instanceof KitError
        ? `${cause.message} ${cause.remedy}`
        : `the kit failed: ${(cause as Error).stack ?? cause}`;
  } finally {
    offExit?.();
    result.durationMs = Math.round(stage.now());
    result.waitedMs = Math.round(stage.waitedMs);
  }
  if (run.historyDir !== undefined) result.history = writeHistory(run.historyDir, scenario.id, events);
  return result;
};
