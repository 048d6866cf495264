import {
  HISTORY_VERSION,
  type HistoryEvent,
  type Role,
  type ScenarioResult,
  type Violation,
} from '../../../schemas/index.js';
import { defined } from '../../defined.js';
import { KitError } from '../../errors.js';
import { HistoryJudge, type Judgement, tooSlowText } from '../../history/index.js';
import type { Ledger } from '../../ledger/index.js';
import { Interrupted, nextTurn } from '../../play/index.js';
import type { Scenario } from '../../script/index.js';
import type { Performance, PlayOptions, Prepared, Seat } from '../tested.js';
import { toViolations } from './requirements.js';
import type { StallMeter } from './stall-meter.js';
import { sentenceOf } from './suite.js';

/** What one scenario is played with. */
export interface ScenarioRun {
  /** What is known of the subject. */
  prepared: Pick<Prepared, 'role' | 'head'>;
  seat: Pick<Seat, 'perform' | 'onExit'>;
  ledger: Ledger;
  patienceMs: number;
  random: () => number;
  userSuffix: string;
  signal: AbortSignal;
  replay: string;
  attempt: number;
  stalls: Pick<StallMeter, 'worstSince'>;
  /** Writes the history where the caller wants it, and tells where. It counts all the same if it cannot be written. */
  keepHistory: (events: readonly HistoryEvent[]) => Promise<string | undefined>;
}

type Unplayed = Pick<ScenarioResult, 'role' | 'verdict' | 'replay'> &
  Pick<Required<ScenarioResult>, 'because' | 'reason'>;

const blankResult = (scenario: Scenario, role: Role, replay: string): ScenarioResult => ({
  id: scenario.id,
  title: scenario.title,
  role,
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
  ...defined({ cells: scenario.cells.length === 0 ? undefined : scenario.cells }),
  attempts: 0,
  knownFailure: false,
  replay,
});

/** A result for a scenario that was not run. */
export const notRun = (scenario: Scenario, why: Unplayed): ScenarioResult => ({
  ...blankResult(scenario, why.role, why.replay),
  ...why,
});

type Judged = Pick<ScenarioResult, 'verdict' | 'because' | 'reason'>;

/** What the subject or its command did, such as ignoring SIGTERM, is no fault of the kit, and nothing is proven. */
export const brokenOff = (cause: unknown): Required<Judged> => {
  if (!(cause instanceof KitError)) {
    const reason = `the kit failed: ${(cause as Error).stack ?? cause}`;
    return { verdict: 'error', because: { code: 'kit-failed' }, reason };
  }
  const reason = sentenceOf(cause);
  return cause.code === 'kit'
    ? { verdict: 'error', because: { code: 'kit-failed' }, reason }
    : { verdict: 'inconclusive', because: { code: 'subject-failed' }, reason };
};

const headOf = (scenario: Scenario, { prepared, patienceMs }: ScenarioRun): HistoryEvent => ({
  kind: 'history',
  version: HISTORY_VERSION,
  scenario: scenario.id,
  ...prepared.head,
  patienceMs,
  startedAt: Date.now(),
});

/** Faults that not every program can feel. */
const UNFELT = new Map([
  [
    'clock',
    {
      code: 'clock-not-followed',
      reason:
        'the times of this subject do not follow its clock when that is set: its program may take them from elsewhere than the C library (libfaketime)',
    },
  ],
  [
    'shortage',
    {
      code: 'shortage-not-felt',
      reason:
        'this subject goes on as before when its process may not write or open anything more: it may keep its data elsewhere than in {data}',
    },
  ],
] as const);

const ADVICE = {
  kit: 'Give it a quieter machine, or lower --concurrency and --instances.',
  network: 'Run the kit nearer to the server; where the network is sound, the server itself stood still for everybody.',
} as const;

/** Through a dialect: what comes before any verdict, because nothing that was seen is certain. */
const unreadVerdict = ({ dialect }: Judgement): Judged | undefined => {
  if (dialect?.unread === undefined) return undefined;
  const { frame, nearest } = dialect.unread;
  const reason = `no rule of the dialect reads the frame ${frame.slice(0, 200)}: ${nearest}. Correct the dialect, or add a rule (without \`is\` it is ignored)`;
  return { verdict: 'error', because: { code: 'unread-frame', frame, nearest }, reason };
};

/** The same where the script ended early, or showed nothing that can be judged. */
const dialectVerdict = ({ dialect, exercised }: Judgement, proves: readonly string[]): Judged | undefined => {
  if (dialect === undefined) return undefined;
  const { cannot, missed } = dialect;
  if (cannot !== undefined) {
    const because = { code: 'cannot-say', why: cannot } as const;
    return { verdict: 'not-applicable', because, reason: `the dialect cannot go on: ${cannot}` };
  }
  if (missed !== undefined) {
    const { requirement, text } = missed;
    const because = { code: 'not-judged', requirement } as const;
    return { verdict: 'not-applicable', because, reason: `${text}; ${requirement} is not judged through this dialect` };
  }
  if (proves.some((id) => (exercised[id] ?? 0) > 0)) return undefined;
  const reason = 'nothing that it proves could be put to the test through this dialect';
  return { verdict: 'not-applicable', because: { code: 'nothing-judged' }, reason };
};

const judged = (judgement: Judgement, violations: Violation[], proves: readonly string[]): Judged => {
  const { tooSlow, faultsNotFired, undecided } = judgement;
  const unread = unreadVerdict(judgement);
  if (unread !== undefined) return unread;
  if (violations.length > 0) return { verdict: 'failed' };
  if (tooSlow !== undefined) {
    const { what, ...measured } = tooSlow;
    const because = { code: `${what}-stalled`, ...measured } as const;
    return { verdict: 'error', because, reason: `${tooSlowText(tooSlow)}. ${ADVICE[what]}` };
  }
  const inconclusive = faultsNotFired.length > 0 || undecided.length > 0;
  const early = judgement.dialect?.cannot !== undefined || judgement.dialect?.missed !== undefined;
  const limited = inconclusive && !early ? undefined : dialectVerdict(judgement, proves);
  if (limited !== undefined) return limited;
  const [unfired] = faultsNotFired;
  const [open] = undecided;
  if (open?.code === 'service-ended') {
    return { verdict: 'inconclusive', because: { code: open.code }, reason: open.text };
  }
  // Where anything else is open, the subject may have stopped working when its clock was set.
  const unfelt = unfired && UNFELT.get(unfired.fault as 'clock' | 'shortage');
  if (unfelt !== undefined && open === undefined && faultsNotFired.every(({ fault }) => fault === unfired?.fault)) {
    return { verdict: 'not-applicable', because: { code: unfelt.code }, reason: unfelt.reason };
  }
  if (unfired !== undefined) {
    const { step, fault, text } = unfired;
    const because = { code: 'fault-not-fired', step, fault } as const;
    return { verdict: 'inconclusive', because, reason: `the fault of ${text} never fired` };
  }
  if (open !== undefined) return { verdict: 'inconclusive', because: { code: open.code }, reason: open.text };
  return { verdict: 'passed' };
};

/** So many events are judged in one go: a long history must not make the clients of other scenarios stand still. */
const EVENTS_IN_A_TURN = 2_000;

const judgeInTurns = async (events: readonly HistoryEvent[]): Promise<Judgement> => {
  const judge = new HistoryJudge();
  let fed = 0;
  for (const event of events) {
    if (fed > 0 && fed % EVENTS_IN_A_TURN === 0) await nextTurn();
    judge.feed(event);
    fed += 1;
  }
  return judge.finish();
};

/** Plays one scenario on one subject, judges its history and says what came of it. Throws only Interrupted. */
export const runScenario = async (scenario: Scenario, run: ScenarioRun): Promise<ScenarioResult> => {
  const result = { ...blankResult(scenario, run.prepared.role, run.replay), attempts: run.attempt };
  const events: HistoryEvent[] = [headOf(scenario, run)];
  const { seat, stalls, patienceMs, userSuffix, random, signal } = run;
  const startedAt = performance.now();
  const play: PlayOptions = {
    patienceMs,
    userSuffix,
    random,
    signal,
    stalledMs: () => {
      result.stalledMs = stalls.worstSince(startedAt);
      return result.stalledMs;
    },
    onEvent: (event) => events.push(event),
  };
  const performed: Performance = seat.perform(play);
  const offExit = seat.onExit((exit) => performed.noteExit(exit));
  try {
    await performed.play();
    const judgement = await judgeInTurns(events);
    const all = toViolations(run.ledger, judgement.findings, events);
    result.violations = all.filter((violation) => violation.level === 'MUST');
    result.warnings = all.filter((violation) => violation.level !== 'MUST');
    result.exercised = judgement.exercised;
    Object.assign(result, judged(judgement, result.violations, scenario.proves));
    // What could not be read may have been what was missed.
    if (result.because?.code === 'unread-frame') Object.assign(result, { violations: [], warnings: [], exercised: {} });
  } catch (cause) {
    if (cause instanceof Interrupted) throw cause;
    Object.assign(result, brokenOff(cause));
  } finally {
    offExit();
    result.durationMs = Math.round(performed.now());
    result.waitedMs = Math.round(performed.waitedMs);
  }
  return { ...result, ...defined({ history: await run.keepHistory(events) }) };
};
