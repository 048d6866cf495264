import type { Report } from '../../schemas/index.js';
import { defined } from '../../src/defined.js';
import { KitError } from '../../src/errors.js';
import { EXIT, type RunHooks, type RunOptions } from '../../src/harness/options.js';
import { inert } from '../../src/report/inert.js';
import { tell, tellFailure } from '../failure.js';
import { emptyReport } from './empty-report.js';
import { onInterrupt } from './interrupt.js';
import type { Settings } from './option-table.js';
import { ProgressLine } from './progress-line.js';
import { publicUrl } from './replay.js';
import { type ReportTarget, reportTargets, writeReports, writeStdout } from './report-targets.js';
import { runOptionsFrom } from './run-options.js';
import { flagSettings, mergeSettings, readConfig } from './settings.js';

/** What the caller asked for, as far as it could be read before something was wrong. */
interface Request {
  settings: Settings;
  targets: ReportTarget[];
}

const readRequest = async (
  request: Request,
  url: string | undefined,
  values: Readonly<Record<string, unknown>>,
): Promise<RunOptions> => {
  const stdoutIsTerminal = process.stdout.isTTY === true;
  // The reports of the command line are known first: even a broken config file is then reported there.
  request.targets = reportTargets((values.report as string[] | undefined) ?? [], stdoutIsTerminal);
  const flags: Settings = { ...flagSettings(values), ...defined({ url }) };
  request.settings = flags;
  const configFile = values.config as string | undefined;
  request.settings = mergeSettings(await readConfig(process.cwd(), configFile), flags);
  if (flags.report === undefined) {
    request.targets = reportTargets((request.settings.report as string[] | undefined) ?? [], stdoutIsTerminal);
  }
  return runOptionsFrom(request.settings, flags, configFile);
};

const list = async (options: RunOptions, requirements: boolean): Promise<number> => {
  const scenarios = (await import('../../src/harness/run/list-scenarios.js')).listScenarios(options);
  const { requirementLines, scenarioLines } = await import('./list-scenarios.js');
  const lines = requirements ? requirementLines(scenarios) : scenarioLines(scenarios);
  await writeStdout(lines.map((line) => `${line}\n`).join(''));
  return EXIT.conforms;
};

/** The key of the tokens has no place in a report that may be published. */
const withoutSecret = (command: string, secret: string | undefined): string =>
  secret === undefined ? command : command.replaceAll(secret, '$SECRET');

const runWithProgress = async (options: RunOptions, line: ProgressLine, signal: AbortSignal): Promise<Report> => {
  const hooks: RunHooks = {
    onStart: ({ subject, total }) => {
      if (subject.embedded) tell('no url given: testing the embedded reference server');
      line.update({ done: 0, total, running: [] });
    },
    onNote: (note) => line.aside(() => tell(note)),
    onProgress: (progress) => line.update(progress),
  };
  try {
    const { runSuite } = await import('../../src/harness/index.js');
    const report = await runSuite(options, hooks, signal);
    const { only, skip, allowUnproven } = options;
    const { command } = report.subject;
    const narrowed = only.length + skip.length > 0 || allowUnproven;
    return {
      ...report,
      subject: {
        ...report.subject,
        url: publicUrl(report.subject.url),
        ...defined({ command: command === undefined ? undefined : withoutSecret(command, options.jwtSecret) }),
      },
      ...defined({ selection: narrowed ? { only, skip, allowUnproven } : undefined }),
    };
  } finally {
    line.end();
  }
};

/** On a terminal the error stands on stderr already: an empty report below it would only say it again. */
const worthWriting = (targets: readonly ReportTarget[]): ReportTarget[] =>
  targets.filter(({ format, file }) => file !== undefined || format !== 'pretty');

/** Whatever an interrupted run still meets, such as a server that was ended while it started, comes from that. */
const INTERRUPTED = {
  exitCode: EXIT.interrupted,
  problem: 'the run was interrupted before the first scenario. Start it again.',
};

/** Writes all reports. Returns the exit code: a report that was asked for and is not there is a usage error. */
const writeAll = async (targets: readonly ReportTarget[], report: Report): Promise<number> => {
  const faults = await writeReports(targets, report);
  for (const fault of faults) tell(fault);
  return faults.length > 0 ? EXIT.usage : report.exitCode;
};

/** As `writeAll`, and tells on stderr what went wrong outside the scenarios, unless a person sees the report itself. */
const write = async (targets: readonly ReportTarget[], report: Report): Promise<number> => {
  const seen = targets.some(({ format, file }) => format === 'pretty' && file === undefined);
  if (!seen) for (const problem of report.problems) tell(inert(problem));
  return writeAll(targets, report);
};

/** The default command. Returns the exit code; every report that the caller asked for is written by then. */
export const runTest = async (url: string | undefined, values: Readonly<Record<string, unknown>>): Promise<number> => {
  const request: Request = { settings: {}, targets: [] };
  const line = new ProgressLine(process.stderr, process.env);
  const interrupt = onInterrupt((text) => line.aside(() => tell(text)));
  let seed = '';
  /** Thrown where nobody waits for it, in a timer or a handler of an event: a fault of the kit, and never exit code 1. */
  const crash = async (error: unknown): Promise<void> => {
    line.end();
    const { exitCode, problem } = tellFailure(error);
    const report = emptyReport(request.settings, seed, exitCode, problem);
    process.exit(await writeAll(worthWriting(request.targets), report));
  };
  process.once('uncaughtException', crash);
  try {
    const options = await readRequest(request, url, values);
    seed = options.seed;
    if (request.settings.list === true) {
      request.targets = [];
      return await list(options, request.settings.requirements === true);
    }
    if (request.settings.requirements === true) {
      throw new KitError(
        'usage',
        '--requirements goes with --list',
        'Add --list; explain ID tells about one requirement.',
      );
    }
    return await write(request.targets, await runWithProgress(options, line, interrupt.signal));
  } catch (error) {
    const interrupted = interrupt.signal.aborted;
    if (interrupted) tell(INTERRUPTED.problem);
    const { exitCode, problem } = interrupted ? INTERRUPTED : tellFailure(error);
    return await writeAll(worthWriting(request.targets), emptyReport(request.settings, seed, exitCode, problem));
  } finally {
    process.off('uncaughtException', crash);
    interrupt.stop();
  }
};
