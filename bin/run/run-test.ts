import { writeFileSync } from 'node:fs';
import type { Report, Role } from '../../schemas/index.js';
import { defined } from '../../src/defined.js';
import { emptyReport } from '../../src/embed/empty-report.js';
import { KitError } from '../../src/errors.js';
import { EXIT, type RunOptions } from '../../src/harness/options.js';
import { didYouMean } from '../../src/nearest.js';
import { runOptionsFrom } from '../../src/options/run-options.js';
import { flagSettings, mergeSettings, readConfig, type Settings } from '../../src/options/settings.js';
import { inert } from '../../src/report/inert.js';
import type { Scenario } from '../../src/script/index.js';
import { tell, tellFailure } from '../failure.js';
import { updateBaseline } from './baseline-file.js';
import { HistoryShelf } from './history-shelf.js';
import { onInterrupt } from './interrupt.js';
import { LiveReports } from './live-reports.js';
import { ProgressLine } from './progress-line.js';
import { type ReportTarget, reportTargets, type Writing, writeStdout } from './report-targets.js';
import { TapStream } from './tap-stream.js';
import { watchRun } from './watch-run.js';
import { writeAll } from './write-all.js';

/** What the caller asked for, as far as it could be read before something was wrong. */
interface Request {
  settings: Settings;
  targets: ReportTarget[];
  stream?: TapStream;
  /** Writes reports while the run goes on. */
  live?: LiveReports;
}

const readRequest = async (
  request: Request,
  url: string | undefined,
  values: Readonly<Record<string, unknown>>,
  role: Role,
): Promise<RunOptions> => {
  const stdoutIsTerminal = process.stdout.isTTY === true;
  // The reports of the command line are known first: even a broken config file is then reported there.
  const forPeople = (quiet: unknown): boolean => stdoutIsTerminal || quiet === true;
  request.targets = reportTargets((values.report as string[] | undefined) ?? [], forPeople(values.quiet));
  const flags: Settings = { ...flagSettings(values), ...defined({ url }) };
  request.settings = flags;
  const configFile = values.config as string | undefined;
  request.settings = mergeSettings(await readConfig(process.cwd(), configFile), flags);
  if (flags.report === undefined) {
    const named = (request.settings.report as string[] | undefined) ?? [];
    request.targets = reportTargets(named, forPeople(request.settings.quiet));
  }
  return runOptionsFrom(request.settings, flags, configFile, role);
};

/** Through a dialect: why a scenario is not played. */
const whyNotOf = async ({ dialect }: RunOptions): Promise<(scenario: Scenario) => string | undefined> => {
  if (dialect === undefined) return () => undefined;
  const { whyNotThroughText } = await import('../../src/harness/through-dialect.js');
  return (scenario) => whyNotThroughText(scenario, dialect.profile);
};

/** Prints the list, and writes it for programs where that was asked for. */
const list = async (options: RunOptions, requirements: boolean, targets: readonly ReportTarget[]): Promise<number> => {
  const scenarios = (await import('../../src/harness/run/list-scenarios.js')).listScenarios(options);
  const { listJson, requirementLines, scenarioLines } = await import('./list-scenarios.js');
  const whyNot = await whyNotOf(options);
  const lines = requirements
    ? requirementLines(scenarios, undefined, options.dialect?.profile)
    : scenarioLines(scenarios, whyNot);
  const json = `${listJson(scenarios, requirements)}\n`;
  for (const { file } of targets) if (file !== undefined) writeFileSync(file, json);
  const wantsJson = targets.some(({ format, file }) => format === 'json' && file === undefined);
  await writeStdout(wantsJson ? json : lines.map((line) => `${line}\n`).join(''));
  return EXIT.conforms;
};

/** On a terminal the error stands on stderr already: an empty report below it would only say it again. */
const worthWriting = (targets: readonly ReportTarget[]): ReportTarget[] =>
  targets.filter(({ format, file }) => file !== undefined || format !== 'pretty');

/** Whatever an interrupted run still meets, such as a server that was ended while it started, comes from that. */
const INTERRUPTED = {
  exitCode: EXIT.interrupted,
  problem: 'the run was interrupted before the first scenario. Start it again.',
};

/** What the reports for people draw from beside the report itself. */
const writingOf = async (request: Request, shelf: HistoryShelf, report: Report): Promise<Writing> => {
  const { settings, stream } = request;
  const { stepsFinder } = await import('./step-texts.js');
  return defined({
    stream,
    width: process.stdout.isTTY === true ? process.stdout.columns : undefined,
    unicode: process.env.TERM !== 'dumb' && process.env.TERM !== 'linux',
    detail: settings.verbose === true ? 'verbose' : settings.quiet === true ? 'quiet' : 'normal',
    trace: settings.trace as string[] | undefined,
    historyOf: shelf.finder(report),
    stepsOf: stepsFinder(),
  });
};

/** An option that draws nothing would be taken for a scenario in which nothing happened. */
const checkTrace = async (
  trace: readonly string[],
  options: RunOptions,
  targets: readonly ReportTarget[],
): Promise<void> => {
  if (trace.length === 0) return;
  if (!targets.some(({ format }) => format === 'pretty')) {
    throw new KitError('usage', '--trace draws into the report for people', 'Add --report pretty.');
  }
  const ids = (await import('../../src/harness/run/list-scenarios.js')).listScenarios(options).map(({ id }) => id);
  const unknown = trace.find((id) => !ids.includes(id));
  if (unknown === undefined) return;
  const remedy = `${didYouMean(unknown, ids)}Name one of the chosen scenarios; --list prints them.`;
  throw new KitError('usage', `--trace names "${inert(unknown)}", which is not played`, remedy);
};

/** Runs once. The shelf holds the histories of this run. */
const runOnce = async (
  request: Request,
  options: RunOptions,
  shelf: HistoryShelf,
  line: ProgressLine,
  signal: AbortSignal,
): Promise<Report> => {
  const { settings, targets } = request;
  const shown = targets.some(({ format }) => format === 'html');
  const tapOnStdout = targets.some(({ format, file }) => format === 'tap' && file === undefined);
  // What a scenario came to is known when all its repetitions are.
  if (tapOnStdout && (options.repeat ?? 1) === 1) request.stream = new TapStream(options.allowUnproven, writeStdout);
  const kept = shown ? { historyDir: shelf.folder(), ...options } : options;
  const live = new LiveReports(targets);
  request.live = live;
  const watchers = { line: settings.quiet === true ? undefined : line, shelf, stream: request.stream, live };
  const report = await watchRun(kept, settings, watchers, signal);
  await live.end();
  const renewed = settings['update-baseline'] as string | undefined;
  return renewed === undefined ? report : updateBaseline(report, renewed, tell);
};

/** Writes what came of a run. Returns the exit code. */
const tellRun = async (request: Request, shelf: HistoryShelf, report: Report): Promise<number> => {
  const { settings, targets } = request;
  const writing = await writingOf(request, shelf, report);
  const published = shelf.published(report);
  // What went wrong outside the scenarios is told on stderr, unless a person sees the report itself.
  const asked = ((settings.report as string[] | undefined) ?? []).includes('pretty');
  if (process.stdout.isTTY !== true && !asked) for (const problem of report.problems) tell(inert(problem));
  return writeAll(targets, published, writing);
};

/** What the kit writes in the folders that it watches. */
const ownFiles = ({ settings, targets }: Request): string[] =>
  [...targets.map(({ file }) => file), settings.history as string, settings['update-baseline'] as string].filter(
    (file) => file !== undefined,
  );

/** Runs, and writes what came of it; with `--watch`, again and again. */
const testAndTell = async (
  request: Request,
  options: RunOptions,
  line: ProgressLine,
  interrupt: AbortSignal,
): Promise<number> => {
  const trace = (request.settings.trace as string[] | undefined) ?? [];
  await checkTrace(trace, options, request.targets);
  let shelf = new HistoryShelf(trace);
  const paths = request.settings.watch as string[] | undefined;
  if (paths === undefined) return tellRun(request, shelf, await runOnce(request, options, shelf, line, interrupt));
  const { watchLoop } = await import('./watch-loop.js');
  return watchLoop({
    paths,
    ignored: ownFiles(request),
    interrupt,
    play: async ({ first, signal }) => {
      line.restart();
      await request.live?.end();
      shelf.remove();
      shelf = new HistoryShelf(trace);
      return runOnce(request, { ...options, first: [...first] }, shelf, line, signal);
    },
    write: (report) => tellRun(request, shelf, report),
  });
};

/** Only what was asked for on the command line: a config file that names reports says nothing about lists. */
const listInstead = async (
  request: Request,
  options: RunOptions,
  asked: readonly string[] | undefined,
): Promise<number> => {
  const targets = asked === undefined ? [] : request.targets.filter(({ format, file }) => format !== 'pretty' || file);
  request.targets = [];
  if (asked?.some((text) => !/^json(=|$)/.test(text))) {
    const remedy = 'Leave --report out, or write --report json for a list that programs read.';
    throw new KitError('usage', '--list runs nothing that could be reported', remedy);
  }
  return list(options, request.settings.requirements === true, targets);
};

/** Of which no error may tell, even if it quotes the command. */
const secretOf = ({ settings }: Request): string | undefined => settings['jwt-secret'] as string | undefined;

/** The default command, and `client`. Returns the exit code; every report that the caller asked for is written by then. */
export const runTest = async (
  url: string | undefined,
  values: Readonly<Record<string, unknown>>,
  role: Role = 'server',
): Promise<number> => {
  const request: Request = { settings: {}, targets: [] };
  const line = new ProgressLine(process.stderr, process.env);
  const interrupt = onInterrupt(role, (text) => line.aside(() => tell(text)));
  let seed = '';
  const writeEmpty = async (exitCode: number, problem: string): Promise<number> => {
    // What a run knew before it broke is worth more than a report that holds nothing.
    if (await request.live?.broken(exitCode, problem)) return exitCode;
    const report = emptyReport(request.settings, seed, exitCode, problem, role);
    return writeAll(worthWriting(request.targets), report, defined({ stream: request.stream }));
  };
  /** Thrown where nobody waits for it, in a timer or a handler of an event: a fault of the kit, and never exit code 1. */
  const crash = async (error: unknown): Promise<void> => {
    line.end();
    const { exitCode, problem } = tellFailure(error, secretOf(request));
    process.exit(await writeEmpty(exitCode, problem));
  };
  process.once('uncaughtException', crash);
  try {
    const options = await readRequest(request, url, values, role);
    seed = options.seed;
    if (request.settings.list === true) {
      return await listInstead(request, options, values.report as string[] | undefined);
    }
    if (request.settings.requirements === true) {
      throw new KitError(
        'usage',
        '--requirements goes with --list',
        'Add --list; explain ID tells about one requirement.',
      );
    }
    return await testAndTell(request, options, line, interrupt.signal);
  } catch (error) {
    const interrupted = interrupt.signal.aborted;
    if (interrupted) tell(INTERRUPTED.problem);
    const { exitCode, problem } = interrupted ? INTERRUPTED : tellFailure(error, secretOf(request));
    return await writeEmpty(exitCode, problem);
  } finally {
    process.off('uncaughtException', crash);
    interrupt.stop();
  }
};
