import type { HistoryEvent } from '../../../schemas/index.js';
import { KitError } from '../../errors.js';
import { Interrupted } from '../../play/index.js';
import { userSuffixOf } from '../../script/index.js';
import type { Instance, Seat } from '../tested.js';
import { writeHistory } from './history-file.js';
import { type Repetition, randomFor, repetitionName } from './repetitions.js';
import { isCertain } from './retries.js';
import { brokenOff, notRun, runScenario } from './run-scenario.js';
import { keep, progress, replayOf, type Suite, sentenceOf } from './suite.js';

/** The first attempt has the plain name; what it shows must not be lost with the second. */
const historyName = (scenario: Repetition, attempt: number): string =>
  attempt === 1 ? repetitionName(scenario) : `${repetitionName(scenario)}--attempt-${attempt}`;

/** Tells where the history is. One sentence is enough where it could not be written: the next one will not fit either. */
const keepHistory = async (
  suite: Suite,
  scenario: Repetition,
  attempt: number,
  events: readonly HistoryEvent[],
): Promise<string | undefined> => {
  const { historyDir } = suite.options;
  if (historyDir === undefined) return undefined;
  try {
    return await writeHistory(historyDir, historyName(scenario, attempt), events);
  } catch (cause) {
    if (!(cause instanceof KitError)) throw cause;
    if (!suite.historyLost) suite.problems.add(sentenceOf(cause));
    suite.historyLost = true;
    return undefined;
  }
};

/** What cannot be used again belongs to no scenario. One sentence says so: the next one will not do better. */
const leave = async (suite: Suite, seat: Seat | undefined, settled: boolean): Promise<void> => {
  try {
    await seat?.leave(settled);
  } catch (cause) {
    if (!(cause instanceof KitError)) throw cause;
    if (!suite.seatLost) suite.problems.add(sentenceOf(cause));
    suite.seatLost = true;
  }
};

/** Plays a scenario once and keeps the result. Throws only Interrupted. */
export const playOne = async (
  suite: Suite,
  scenario: Repetition,
  instance: Instance,
  patienceMs: number,
  attempt: number,
): Promise<void> => {
  const { options, prepared, ledger, signal } = suite;
  let seat: Seat | undefined;
  let settled = false;
  let events: readonly HistoryEvent[] = [];
  suite.running.add(repetitionName(scenario));
  suite.played += 1;
  const from = performance.now();
  // Taken before anything is awaited: no two scenarios may share their users.
  const userSuffix = userSuffixOf(suite.runId, suite.played);
  progress(suite);
  try {
    if (signal.aborted) throw new Interrupted('the run was interrupted');
    seat = await instance.seat(scenario);
    const result = await runScenario(scenario, {
      prepared,
      seat,
      ledger,
      patienceMs,
      random: randomFor(options.seed, scenario),
      userSuffix,
      signal,
      replay: replayOf(options, scenario),
      attempt,
      stalls: suite.stalls,
      keepHistory: (whole) => {
        events = whole;
        return keepHistory(suite, scenario, attempt, whole);
      },
    });
    settled = result.verdict === 'passed' && scenario.settle.reconnects && scenario.settle.resends;
    // Whoever made a shared server end is found out later.
    const ended = !scenario.exclusive && attempt === 1 && instance.exits.some((at) => at >= from);
    keep(suite, scenario, result, { certain: isCertain(result) && !ended, events });
  } catch (cause) {
    if (cause instanceof Interrupted) throw cause;
    keep(
      suite,
      scenario,
      notRun(scenario, { role: prepared.role, ...brokenOff(cause), replay: replayOf(options, scenario) }),
    );
  } finally {
    suite.windows.set(repetitionName(scenario), { instance, from, to: performance.now() });
    suite.running.delete(repetitionName(scenario));
    await leave(suite, seat, settled);
    progress(suite);
  }
};
