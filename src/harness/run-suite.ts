import { randomBytes } from 'node:crypto';
import type { Report, ScenarioResult } from '../../schemas/index.js';
import { KitError } from '../errors.js';
import { kitVersion } from '../kit-version.js';
import { type Ledger, loadLedger } from '../ledger/index.js';
import { Interrupted, loadExcuses, loadScenarios, type Scenario } from '../scenario/index.js';
import { AccountPool, checkAccounts, type Lease } from './accounts/index.js';
import { whyNotRun } from './applicability.js';
import { exitCodeOf, summarize } from './exit-code.js';
import { knock } from './front-door/index.js';
import type { Instance } from './instance.js';
import { judgeMatrix } from './judge-matrix.js';
import { EXIT, type RunHooks, type RunOptions } from './options.js';
import { type Prepared, prepare, startInstance, tlsOf } from './prepare.js';
import { randomOf, shuffle } from './random.js';
import { judgeRequirements } from './requirements.js';
import { notRun, runScenario } from './run-scenario.js';
import { longestFirst, playAll } from './schedule.js';
import { select } from './selection.js';
import { StallMeter } from './stall-meter.js';

/** A missed time bound is tried again, alone, with this much more patience, before it counts. */
const RETRY_PATIENCE = 4;
/** When so many retries in a row confirm the failure, the subject is slow, not the machine. */
const ENOUGH_RETRIES = 8;

interface Suite {
  options: RunOptions;
  hooks: RunHooks;
  signal: AbortSignal;
  prepared: Prepared;
  ledger: Ledger;
  results: Map<string, ScenarioResult>;
  running: Set<string>;
  total: number;
  runId: string;
  played: number;
  stalls: StallMeter;
  /** What went wrong outside any scenario, with the remedy. */
  problems: Set<string>;
  /** A history could not be written. */
  historyLost: boolean;
  /** An account could not be emptied. */
  accountLost: boolean;
}

const replayOf = (options: RunOptions, id: string): string =>
  ['npx im-conformance', ...options.replayArguments, '--seed', options.seed, '--only', `'${id}'`].join(' ');

const progress = ({ hooks, results, running, total }: Suite): void =>
  hooks.onProgress?.({ done: results.size, total, running: [...running] });

const keep = (suite: Suite, result: ScenarioResult): void => {
  const known = suite.options.baseline?.includes(result.id) === true && result.verdict === 'failed';
  suite.results.set(result.id, { ...result, knownFailure: known });
};

const oneLine = (text: string): string => text.replaceAll(/\s*\n\s*/g, ' / ');

const sentenceOf = ({ message, remedy }: KitError): string => oneLine(`${message.replace(/\.$/, '')}. ${remedy}`);

/** One sentence is enough: the next history will not fit either. */
const loseHistory = (suite: Suite, error: KitError): void => {
  if (!suite.historyLost) suite.problems.add(sentenceOf(error));
  suite.historyLost = true;
};

/** The accounts of `--users` on one server: each server has its own state of them. */
const accountsOf = ({ options, prepared }: Suite, instance: Instance): AccountPool | undefined => {
  if (options.users === undefined) return undefined;
  const answerMs = prepared.timers.answerWithinMs + options.patienceMs;
  instance.accounts ??= new AccountPool(options.users, {
    dial: instance.dial,
    devicesApart: prepared.classes.includes('multi-device'),
    quietMs: answerMs,
    connectMs: answerMs,
  });
  return instance.accounts;
};

/** Accounts that cannot be emptied belong to no scenario. One sentence says so: the next one will not do better. */
const giveBack = async (suite: Suite, instance: Instance, lease: Lease | undefined, settled: boolean) => {
  if (lease === undefined) return;
  try {
    await instance.revive();
    await lease.release(settled);
  } catch (cause) {
    lease.giveUp();
    if (!(cause instanceof KitError)) throw cause;
    if (!suite.accountLost) suite.problems.add(sentenceOf(cause));
    suite.accountLost = true;
  }
};

const playOne = async (
  suite: Suite,
  scenario: Scenario,
  instance: Instance,
  patienceMs: number,
  attempt: number,
): Promise<void> => {
  const { options, prepared, ledger, signal } = suite;
  let lease: Lease | undefined;
  let settled = false;
  suite.running.add(scenario.id);
  suite.played += 1;
  // Taken before anything is awaited: no two scenarios may share their users.
  const userSuffix = `${suite.runId}${suite.played.toString(36)}`;
  progress(suite);
  try {
    if (signal.aborted) throw new Interrupted('the run was interrupted');
    await instance.revive();
    await instance.underClock(scenario.needs.clock);
    const control = instance.controlFor(scenario.exclusive);
    lease = await accountsOf(suite, instance)?.lease(scenario);
    // Its turn may have come much later.
    if (lease) await instance.revive();
    const result = await runScenario(scenario, {
      ...(lease ? { lease } : {}),
      subject: instance.subject,
      ...(control ? { control } : {}),
      dial: instance.dial,
      intruder: instance.intruder,
      tls: tlsOf(options),
      description: prepared.description,
      timers: prepared.timers,
      ...(prepared.served ? { served: prepared.served } : {}),
      ledger,
      patienceMs,
      random: randomOf(options.seed, scenario.id),
      userSuffix,
      signal,
      replay: replayOf(options, scenario.id),
      attempt,
      stalls: suite.stalls,
      ...(options.historyDir === undefined ? {} : { historyDir: options.historyDir }),
      onHistoryLost: (error) => loseHistory(suite, error),
    });
    settled = result.verdict === 'passed' && scenario.settle.reconnects && scenario.settle.resends;
    keep(suite, result);
  } catch (cause) {
    if (cause instanceof Interrupted) throw cause;
    const reason = cause instanceof KitError ? sentenceOf(cause) : (cause as Error).message;
    keep(suite, notRun(scenario, 'inconclusive', reason, replayOf(options, scenario.id)));
  } finally {
    suite.running.delete(scenario.id);
    await giveBack(suite, instance, lease, settled);
    progress(suite);
  }
};

const onlyLate = (result: ScenarioResult): boolean =>
  result.verdict === 'failed' && result.violations.every((violation) => violation.late === true);

/** By time alone, undecided, or seen by a kit that stood still: company and load may be to blame. */
const deservesRetry = (result: ScenarioResult): boolean =>
  onlyLate(result) || result.verdict === 'inconclusive' || (result.verdict === 'error' && result.stalledMs > 0);

/** What may have failed for lack of time gets a second chance, without company and with more patience. */
const retry = async (suite: Suite, scenarios: readonly Scenario[], instance: Instance): Promise<void> => {
  let confirmed = 0;
  for (const scenario of scenarios) {
    const result = suite.results.get(scenario.id);
    if (!result || !deservesRetry(result)) continue;
    if (confirmed >= ENOUGH_RETRIES) break;
    await playOne(suite, scenario, instance, suite.options.patienceMs * RETRY_PATIENCE, 2);
    const verdict = suite.results.get(scenario.id)?.verdict;
    confirmed = verdict === 'passed' ? 0 : confirmed + 1;
  }
};

/** Starts the instances beside the first one; nobody waits for them before there is something to do. */
const startOthers = (suite: Suite, scenarios: readonly Scenario[]): Promise<Instance | undefined>[] => {
  const { options, prepared, signal } = suite;
  const fixedPort = options.exec !== undefined && options.url !== undefined && !options.url.includes('{port}');
  if (options.exec === undefined || fixedPort || options.instances === 1) return [];
  const exclusive = scenarios.filter((scenario) => scenario.exclusive).length;
  const alone = Math.min(options.instances, exclusive);
  // Where nothing is shared, the first instance is one of those that are killed.
  const others = exclusive < scenarios.length ? alone : Math.max(0, alone - 1);
  return Array.from({ length: others }, async () => {
    try {
      return await startInstance(options, prepared.authenticate, signal);
    } catch (cause) {
      if (!(cause instanceof KitError)) throw cause;
      // The first one has been started, so the run goes on with fewer; it only takes longer.
      if (!signal.aborted) suite.hooks.onNote?.(`a further instance could not be started: ${sentenceOf(cause)}`);
      return undefined;
    }
  });
};

const checkBaseline = (options: RunOptions, scenarios: readonly Scenario[]): void => {
  const unknown = options.baseline?.find((id) => !scenarios.some((scenario) => scenario.id === id));
  if (unknown === undefined) return;
  throw new KitError(
    'usage',
    `--baseline names "${unknown}", which is no scenario`,
    'Remove it, or see --list for the ids.',
  );
};

const reportOf = (suite: Suite, complete: boolean, startedAt: Date): Report => {
  const { options, prepared, ledger } = suite;
  const results = [...suite.results.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  const stale = results.filter((r) => r.verdict === 'passed' && options.baseline?.includes(r.id)).map((r) => r.id);
  const summary = summarize(results, stale, Date.now() - startedAt.getTime());
  const untested = prepared.classes.filter((name) => !loadScenarios().some((scenario) => scenario.class === name));
  const problems = [
    ...suite.problems,
    ...untested.map(
      (name) =>
        `the class ${name} is claimed, but this version of the kit has no scenarios for it: unproven. Leave it out with --class.`,
    ),
  ];
  const code = suite.historyLost ? EXIT.usage : exitCodeOf(summary, options.allowUnproven, untested.length);
  return {
    kit: { name: 'im-conformance', version: kitVersion(), seed: options.seed },
    subject: subjectOf(suite.prepared, options),
    startedAt: startedAt.toISOString(),
    complete,
    exitCode: complete ? code : EXIT.interrupted,
    problems,
    summary,
    scenarios: results,
    requirements: judgeRequirements(ledger, results, prepared.classes),
    matrix: judgeMatrix(results, loadExcuses()),
  };
};

const subjectOf = ({ first, classes, description }: Prepared, options: RunOptions): Report['subject'] => ({
  url: first.subject.url,
  // How the embedded server is started holds the folder of this installation, which is nobody's business.
  ...(options.exec === undefined || options.embedded ? {} : { command: options.exec }),
  embedded: options.embedded ?? false,
  classes,
  description,
});

const closeAll = async (first: Instance, others: readonly Promise<Instance | undefined>[]): Promise<void> => {
  const started = (await Promise.allSettled(others)).map((one) => (one.status === 'fulfilled' ? one.value : undefined));
  await Promise.all([first, ...started].map((instance) => instance?.close()));
};

const isTroubled = ({ verdict }: ScenarioResult): boolean => verdict === 'inconclusive' || verdict === 'failed';

/** The last words of a server that died tell more than all the scenarios in which it did. */
const noteDeaths = async (
  { prepared, problems, results }: Suite,
  others: readonly Promise<Instance | undefined>[],
): Promise<void> => {
  if (![...results.values()].some(isTroubled)) return;
  for (const instance of [prepared.first, ...(await Promise.all(others))]) {
    const obituary = await instance?.obituary();
    if (obituary !== undefined) problems.add(oneLine(obituary));
  }
};

/** A server that the kit did not start may go away during the run: many scenarios tell of it, one sentence says it. */
const noteIfGone = async ({ prepared, results, problems }: Suite): Promise<void> => {
  if (prepared.first.subject.control || ![...results.values()].some(isTroubled)) return;
  try {
    await knock(prepared.first.subject.url, prepared.authenticate);
  } catch (cause) {
    if (!(cause instanceof KitError)) throw cause;
    problems.add(`the server went away during the run. ${sentenceOf(cause)}`);
  }
};

const play = async (
  suite: Suite,
  scenarios: readonly Scenario[],
  others: readonly Promise<Instance | undefined>[],
): Promise<void> => {
  const { options, prepared } = suite;
  await playAll(longestFirst(scenarios, prepared.timers), {
    first: prepared.first,
    others,
    concurrency: options.concurrency,
    play: (scenario, instance) => playOne(suite, scenario, instance, options.patienceMs, 1),
  });
  await retry(suite, scenarios, prepared.first);
  await noteIfGone(suite);
};

/** Scenarios of the kit that the options choose, without a subject. Throws a usage KitError. */
export const listScenarios = (options: Pick<RunOptions, 'classes' | 'only' | 'skip'>): Scenario[] => {
  const all = loadScenarios();
  return select(all, options.classes, options.only, options.skip);
};

/**
 * Tests one subject: starts or finds it, plays the chosen scenarios, judges every history and ends everything that it
 * started. Throws a KitError `usage` or `unreachable` when nothing could be tested; every other trouble is in the report.
 */
export const runSuite = async (options: RunOptions, hooks: RunHooks, signal: AbortSignal): Promise<Report> => {
  const startedAt = new Date();
  const chosen = listScenarios(options);
  checkBaseline(options, loadScenarios());
  const prepared = await prepare(options, signal);
  for (const note of prepared.notes) hooks.onNote?.(note);
  const suite: Suite = {
    options,
    hooks,
    signal,
    prepared,
    ledger: loadLedger(),
    results: new Map(),
    running: new Set(),
    total: chosen.length,
    runId: randomBytes(4).toString('hex'),
    played: 0,
    stalls: new StallMeter(),
    problems: new Set(),
    historyLost: false,
    accountLost: false,
  };
  const others: Promise<Instance | undefined>[] = [];
  try {
    hooks.onStart?.({ subject: subjectOf(prepared, options), total: chosen.length });
    const runnable: Scenario[] = [];
    for (const scenario of shuffle(chosen, randomOf(options.seed))) {
      const not = whyNotRun(scenario, prepared);
      if (not) keep(suite, notRun(scenario, not.verdict, not.reason, replayOf(options, scenario.id)));
      else runnable.push(scenario);
    }
    if (options.users) checkAccounts(options.users, runnable);
    await accountsOf(suite, prepared.first)?.ready();
    others.push(...startOthers(suite, runnable));
    let complete = true;
    try {
      await play(suite, runnable, others);
    } catch (cause) {
      if (!(cause instanceof Interrupted)) throw cause;
      complete = false;
    }
    await noteDeaths(suite, others);
    return reportOf(suite, complete, startedAt);
  } finally {
    suite.stalls.stop();
    await closeAll(prepared.first, others);
  }
};
