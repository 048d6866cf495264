import { setMaxListeners } from 'node:events';
import type { Report } from '../../schemas/index.js';
import { defined } from '../../src/defined.js';
import { Brake, type RunLimits } from '../../src/embed/brake.js';
import { EXIT, type RunHooks, type RunOptions } from '../../src/harness/options.js';
import { kitVersion } from '../../src/kit-version.js';
import { publicUrl } from '../../src/options/replay.js';
import { tell } from '../failure.js';
import type { HistoryShelf } from './history-shelf.js';
import type { ProgressLine } from './progress-line.js';
import type { TapStream } from './tap-stream.js';

/** What is told while the run goes on. */
export interface Watchers {
  /** Absent where the caller wants it quiet. */
  line: ProgressLine | undefined;
  shelf: HistoryShelf;
  /** Absent where TAP does not go to stdout, or cannot before all repetitions are known. */
  stream: TapStream | undefined;
}

const hooksOf = ({ line, shelf, stream }: Watchers, { seed }: RunOptions, brake: Brake): RunHooks => ({
  onStart: ({ subject, total }) => {
    if (subject.embedded) tell('no url given: testing the embedded reference server');
    brake.begin();
    line?.update({ total });
    stream?.begin({ kit: { version: kitVersion(), seed }, subject: { url: publicUrl(subject.url) } });
  },
  onNote: (note) => (line === undefined ? tell(note) : line.aside(() => tell(note))),
  onProgress: (progress) => line?.update(progress),
  onResult: (result, { certain, events }) => {
    shelf.keep(result, events);
    if (!certain) return;
    stream?.add(result);
    if (result.verdict !== 'failed' || result.knownFailure) return;
    line?.failed(result);
    brake.failed(result.id);
  },
});

/** The key of the tokens has no place in a report that may be published. */
const withoutSecret = (command: string, secret: string | undefined): string =>
  secret === undefined ? command : command.replaceAll(secret, '$SECRET');

/** A run that ended as the caller wished says what it has seen: a failure, or that not everything was tested. */
const endedBy = (why: string | undefined, report: Report): Report => {
  if (why === undefined || report.complete) return report;
  const exitCode = report.causes.length > 0 ? EXIT.nonconforming : EXIT.undecided;
  return { ...report, exitCode, problems: [...report.problems, why] };
};

/** Warnings count only where the caller said so. What has a worse exit code keeps it. */
export const withWarningsCounted = (report: Report, failOn: unknown): Report => {
  const counts = failOn === 'warning' && report.summary.warnings > 0 && report.complete;
  const lesser = report.exitCode === EXIT.conforms || report.exitCode === EXIT.undecided;
  return counts && lesser ? { ...report, exitCode: EXIT.nonconforming } : report;
};

/** Runs the suite and tells what happens meanwhile. The report that comes of it may be published. */
export const watchRun = async (
  options: RunOptions,
  watchers: Watchers,
  limits: RunLimits,
  interrupt: AbortSignal,
): Promise<Report> => {
  const brake = new Brake(limits);
  // Every wait of every scenario listens.
  const signal = AbortSignal.any([interrupt, brake.signal]);
  setMaxListeners(0, signal);
  try {
    const { runSuite } = await import('../../src/harness/index.js');
    const whole = await runSuite(options, hooksOf(watchers, options, brake), signal);
    const report = interrupt.aborted ? whole : endedBy(brake.why, whole);
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
    brake.end();
    watchers.line?.end();
  }
};
