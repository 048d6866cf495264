import { setMaxListeners } from 'node:events';
import type { Report } from '../../schemas/index.js';
import { defined } from '../../src/defined.js';
import { EXIT, type RunHooks, type RunOptions } from '../../src/harness/options.js';
import { withWarningsCounted } from '../../src/harness/run/exit-code.js';
import { tell } from '../failure.js';
import { Brake, type RunTerms } from './brake.js';
import type { HistoryShelf } from './history-shelf.js';
import type { LiveReports } from './live-reports.js';
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
  live: LiveReports;
}

const hooksOf = (watchers: Watchers, options: RunOptions, terms: RunTerms, brake: Brake): RunHooks => ({
  ...talking(watchers, brake),
  onStart: (start) => {
    const { subject, total } = start;
    const { line, stream, live } = watchers;
    if (subject.embedded) tell('no url given: testing the embedded reference server');
    brake.begin();
    line?.update({ total });
    stream?.begin({ kit: start.kit, subject: { url: publicUrl(subject.url) } });
    const { baseline = [] } = options;
    live.begin({ ...start, ...publicParts(subject, options, terms.failOn), baseline });
  },
});

const talking = ({ line, shelf, stream, live }: Watchers, brake: Brake): RunHooks => ({
  onNote: (note) => (line === undefined ? tell(note) : line.aside(() => tell(note))),
  onProgress: (progress) => line?.update(progress),
  onResult: (result, { certain, events }) => {
    shelf.keep(result, events);
    if (certain || result.verdict === 'not-applicable') live.add(shelf.publishedResult(result));
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

/** The subject as it may be published, and how the caller narrowed the run. */
const publicParts = (
  subject: Report['subject'],
  options: RunOptions,
  failOn: 'warning' | undefined,
): Pick<Report, 'subject' | 'selection'> => {
  const { only, skip, allowUnproven, jwtSecret } = options;
  const { command, url } = subject;
  const narrowed = only.length + skip.length > 0 || allowUnproven || failOn !== undefined;
  return {
    subject: {
      ...subject,
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
    const whole = await runSuite(options, hooksOf(watchers, options, limits, brake), signal);
    const report = interrupt.aborted ? whole : endedBy(brake.why, whole);
    return withWarningsCounted({ ...report, ...publicParts(report.subject, options, limits.failOn) });
  } finally {
    brake.end();
    watchers.line?.end();
  }
};
