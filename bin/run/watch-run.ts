import type { Report } from '../../schemas/index.js';
import { conduct, publicParts } from '../../src/embed/conduct.js';
import type { RunHooks, RunOptions } from '../../src/harness/options.js';
import type { Settings } from '../../src/options/settings.js';
import { tell } from '../failure.js';
import type { HistoryShelf } from './history-shelf.js';
import type { LiveReports } from './live-reports.js';
import type { ProgressLine } from './progress-line.js';
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

const hooksOf = ({ line, shelf, stream, live }: Watchers, options: RunOptions, settings: Settings): RunHooks => ({
  onStart: (start) => {
    if (start.subject.embedded) tell('no url given: testing the embedded reference server');
    const known = publicParts(start.subject, options, settings);
    line?.update({ total: start.total });
    stream?.begin({ kit: start.kit, subject: known.subject });
    live.begin({ ...start, ...known, baseline: options.baseline ?? [] });
  },
  onNote: (note) => (line === undefined ? tell(note) : line.aside(() => tell(note))),
  onProgress: (progress) => line?.update(progress),
  onResult: (result, { certain, events }) => {
    shelf.keep(result, events);
    if (certain || result.verdict === 'not-applicable') live.add(shelf.publishedResult(result));
    if (!certain) return;
    stream?.add(result);
    if (result.verdict === 'failed' && !result.knownFailure) line?.failed(result);
  },
});

/** Runs the suite and tells what happens meanwhile. The report that comes of it may be published. */
export const watchRun = async (
  options: RunOptions,
  settings: Settings,
  watchers: Watchers,
  interrupt: AbortSignal,
): Promise<Report> => {
  try {
    return await conduct(options, settings, hooksOf(watchers, options, settings), interrupt);
  } finally {
    watchers.line?.end();
  }
};
