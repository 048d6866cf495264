import type { Report } from '../../schemas/index.js';
import { conduct } from '../../src/embed/conduct.js';
import type { RunHooks, RunOptions } from '../../src/harness/options.js';
import { kitVersion } from '../../src/kit-version.js';
import type { Settings } from '../../src/options/option-table.js';
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

const hooksOf = ({ line, shelf, stream }: Watchers, { seed }: RunOptions): RunHooks => ({
  onStart: ({ subject, total }) => {
    if (subject.embedded) tell('no url given: testing the embedded reference server');
    line?.update({ total });
    stream?.begin({ kit: { version: kitVersion(), seed }, subject: { url: publicUrl(subject.url) } });
  },
  onNote: (note) => (line === undefined ? tell(note) : line.aside(() => tell(note))),
  onProgress: (progress) => line?.update(progress),
  onResult: (result, { certain, events }) => {
    shelf.keep(result, events);
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
    return await conduct(options, settings, hooksOf(watchers, options), interrupt);
  } finally {
    watchers.line?.end();
  }
};
