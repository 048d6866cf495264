import { setMaxListeners } from 'node:events';
import type { Report } from '../../schemas/index.js';
import { defined } from '../../src/defined.js';
import { EXIT, type RunHooks, type RunOptions } from '../../src/harness/options.js';
import { withWarningsCounted } from '../../src/harness/run/exit-code.js';
import { kitVersion } from '../../src/kit-version.js';
import { tell } from '../failure.js';
import { Brake, type RunTerms } from './brake.js';
import type { HistoryShelf } from './history-shelf.js';
import type { ProgressLine } from './progress-line.js';
import { publicUrl } from './replay.js';
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

/** The report as it may be published, and how the caller narrowed the run. */
const publicReport = (report: Report, options: RunOptions, failOn: 'warning' | undefined): Report => {
  const { only, skip, allowUnproven, jwtSecret } = options;
  const { command, url } = report.subject;
  const narrowed = only.length + skip.length > 0 || allowUnproven || failOn !== undefined;
  return {
    ...report,
    subject: {
      ...report.subject,
      url: publicUrl(url),
      ...defined({ command: command === undefined ? undefined : withoutSecret(command, jwtSecret) }),
    },
    ...defined({ selection: narrowed ? { only, skip, allowUnproven, ...defined({ failOn }) } : undefined }),
  };
};

/** Runs the suite and tells what happens meanwhile. The report that comes of it may be published. */
export const watchRun = async (
  options: RunOptions,
  watchers: Watchers,
  limits: RunTerms,
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
    return withWarningsCounted(publicReport(report, options, limits.failOn));
  } finally {
    brake.end();
    watchers.line?.end();
  }
};
