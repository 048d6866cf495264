import {
  type Description,
  HISTORY_VERSION,
  type HistoryEvent,
  type HistoryHead,
  type ScenarioResult,
  type Timers,
  type Violation,
} from '../../schemas/index.js';
import { KitError } from '../errors.js';
import { HistoryJudge, type Judgement, tooSlowText } from '../history/index.js';
import type { Ledger } from '../ledger/index.js';
import { type Attacker, type Control, type Dial, Interrupted, nextTurn, type Probes, Stage } from '../play/index.js';
import type { Scenario } from '../script/index.js';
import { play } from '../verbs/index.js';
import type { Lease } from './accounts/index.js';
import { writeHistory } from './history-file.js';
import { readMetrics } from './metrics-page.js';
import { toViolations } from './requirements.js';
import type { StallMeter } from './stall-meter.js';
import type { Subject, SubjectExit, TlsTrust } from './subject.js';

export interface ScenarioRun {
  subject: Subject;
  /** Power over the subject, as much as this scenario may have. */
  control?: Control;
  dial: Dial;
  attacker: Attacker;
  tls: TlsTrust;
  description: Description;
  timers: Timers;
  served?: { faults: readonly string[] };
  ledger: Ledger;
  patienceMs: number;
  random: () => number;
  userSuffix: string;
  /** The accounts that play the users, where they cannot be made up. */
  lease?: Lease;
  signal: AbortSignal;
  historyDir?: string;
  /** Name of the file there, without its ending. */
  historyName: string;
  replay: string;
  attempt: number;
  stalls: StallMeter;
  /** The history could not be written; the result counts all the same. */
  onHistoryLost: (error: KitError) => void;
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
  ...(scenario.cells.length === 0 ? {} : { cells: scenario.cells }),
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

/** The limits that judges hold the server to, as far as it declared them. */
const limitsOf = ({ limits = {} }: Description): Pick<HistoryHead, 'limits'> => {
  const { maxInFlight, maxInboxMessages } = limits;
  return {
    limits: {
      ...(maxInFlight === undefined ? {} : { maxInFlight }),
      ...(maxInboxMessages === undefined ? {} : { maxInboxMessages }),
    },
  };
};

const probesOf = ({ exclusive }: Scenario, { subject, description, tls }: ScenarioRun): Probes => {
  const { control } = subject;
  return {
    metrics: (timeoutMs) => readMetrics(subject.url, description.metrics, tls, timeoutMs),
    // With others on the same process its memory says nothing of this scenario.
    ...(control && exclusive ? { memory: () => control.memory() } : {}),
  };
};

const headOf = (scenario: Scenario, run: ScenarioRun): HistoryEvent => ({
  kind: 'history',
  version: HISTORY_VERSION,
  scenario: scenario.id,
  subject: { role: 'server', classes: run.description.classes ?? ['core'] },
  timers: run.timers,
  ...limitsOf(run.description),
  patienceMs: run.patienceMs,
  startedAt: Date.now(),
});

const describeExit = ({ code, signal }: SubjectExit) => ({
  kind: 'subject' as const,
  event: 'exited' as const,
  ...(code === null ? {} : { code }),
  ...(signal === null ? {} : { signal }),
});

const CLOCK_NOT_FOLLOWED =
  'the times of this server do not follow its clock when that is set: its program may take them from elsewhere than the C library (libfaketime)';

const ADVICE = 'Give it a quieter machine, or lower --concurrency and --instances.';

const judged = (judgement: Judgement, violations: Violation[]): Pick<ScenarioResult, 'verdict' | 'reason'> => {
  const { tooSlow, faultsNotFired } = judgement;
  if (violations.length > 0) return { verdict: 'failed' };
  if (tooSlow !== undefined) return { verdict: 'error', reason: `${tooSlowText(tooSlow)}. ${ADVICE}` };
  const [fault] = faultsNotFired;
  const [undecided] = judgement.undecided;
  // Where anything else is open, the server may have stopped working when its clock was set.
  if (fault !== undefined && undecided === undefined && faultsNotFired.every(({ fault }) => fault === 'clock')) {
    return { verdict: 'not-applicable', reason: CLOCK_NOT_FOLLOWED };
  }
  if (fault !== undefined) return { verdict: 'inconclusive', reason: `the fault of ${fault.text} never fired` };
  if (undecided !== undefined) return { verdict: 'inconclusive', reason: undecided.text };
  return { verdict: 'passed' };
};

const keepHistory = async (
  result: ScenarioResult,
  run: ScenarioRun,
  events: readonly HistoryEvent[],
): Promise<void> => {
  if (run.historyDir === undefined) return;
  try {
    result.history = await writeHistory(run.historyDir, run.historyName, events);
  } catch (cause) {
    if (!(cause instanceof KitError)) throw cause;
    run.onHistoryLost(cause);
  }
};

/** So many events are judged in one go: a long history must not make the clients of other scenarios stand still. */
const EVENTS_IN_A_TURN = 2_000;

const judgeInTurns = async (events: readonly HistoryEvent[]): Promise<Judgement> => {
  const judge = new HistoryJudge();
  for (const [i, event] of events.entries()) {
    if (i > 0 && i % EVENTS_IN_A_TURN === 0) await nextTurn();
    judge.feed(event);
  }
  return judge.finish();
};

/** Plays one scenario on one subject, judges its history and says what came of it. Throws only Interrupted. */
export const runScenario = async (scenario: Scenario, run: ScenarioRun): Promise<ScenarioResult> => {
  const result = { ...blankResult(scenario, run.replay), attempts: run.attempt };
  const events: HistoryEvent[] = [headOf(scenario, run)];
  const stage = new Stage({
    dial: run.dial,
    attacker: run.attacker,
    probes: probesOf(scenario, run),
    ...(run.control ? { control: run.control } : {}),
    description: run.description,
    ...(run.served ? { served: run.served } : {}),
    timers: run.timers,
    patienceMs: run.patienceMs,
    userSuffix: run.userSuffix,
    ...(run.lease ? { identity: run.lease.identity } : {}),
    random: run.random,
    signal: run.signal,
    stalledMs: () => {
      result.stalledMs = run.stalls.worstSince(stage.startedAt);
      return result.stalledMs;
    },
    onEvent: (event) => events.push(event),
  });
  const offExit = run.subject.control?.onExit((exit) => {
    stage.subjectUp = false;
    stage.record(describeExit(exit));
  });
  try {
    await play(stage, scenario);
    const judgement = await judgeInTurns(events);
    const all = toViolations(run.ledger, judgement.findings, events);
    result.violations = all.filter((violation) => violation.level === 'MUST');
    result.warnings = all.filter((violation) => violation.level !== 'MUST');
    result.exercised = judgement.exercised;
    Object.assign(result, judged(judgement, result.violations));
  } catch (cause) {
    if (cause instanceof Interrupted) throw cause;
    // What the subject or its command did, such as ignoring SIGTERM, is no fault of the kit, and nothing is proven.
    result.verdict = cause instanceof KitError && cause.code !== 'kit' ? 'inconclusive' : 'error';
    result.reason =
      cause instanceof KitError
        ? `${cause.message} ${cause.remedy}`
        : `the kit failed: ${(cause as Error).stack ?? cause}`;
  } finally {
    offExit?.();
    result.durationMs = Math.round(stage.now());
    result.waitedMs = Math.round(stage.waitedMs);
  }
  await keepHistory(result, run, events);
  return result;
};
