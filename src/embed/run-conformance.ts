import { setMaxListeners } from 'node:events';
import type { Report, Role, ScenarioResult } from '../../schemas/index.js';
import { KitError } from '../errors.js';
import { localFault } from '../harness/local-fault.js';
import { EXIT, type RunHooks, type RunOptions } from '../harness/options.js';
import { runOptionsFrom } from '../options/run-options.js';
import type { Settings } from '../options/settings.js';
import { publicUrl } from '../public-url.js';
import { conduct } from './conduct.js';
import { emptyReport } from './empty-report.js';
import { EventQueue } from './event-queue.js';
import type { ConformanceEvent } from './events.js';
import { forPrograms } from './fields.js';
import type { ConformanceOptions } from './options.js';
import { settingsOf } from './settings-of.js';

/** A cancelled run ends its children within this time. */
const END_BOUND_MS = 20_000;

/**
 * A run that is under way. Read its events, or wait for its report, or both; without a reader of events it runs all
 * the same.
 *
 * It ends early when the `signal` of its options aborts, when `cancel` is called, or when the reader leaves its loop
 * (`break`, or an error): then the kit ends every process that it has started, and the report says what was seen until
 * then, with `complete: false` and exit code 130. That takes 20 s at most.
 */
export interface ConformanceRun extends AsyncIterable<ConformanceEvent, undefined> {
  /**
   * What the run found. Rejects with a `KitError`: of code `usage` where the options are wrong, `unreachable` where
   * there is no subject that could be tested, `kit` where the kit or its machine failed. A subject that does not conform
   * is no error: see `exitCode` of the report.
   */
  readonly report: Promise<Report>;
  /** Ends the run. Resolves, and never rejects, when all processes that it started have ended. May be called at any time. */
  cancel(): Promise<void>;
}

const INTERRUPTED = 'the run was interrupted before the first scenario. Start it again.';

interface Prepared {
  role: Role;
  settings: Settings;
  options: RunOptions;
}

const prepare = async (given: ConformanceOptions): Promise<Prepared> => {
  const { role, settings } = settingsOf(given);
  return { role, settings, options: await runOptionsFrom(settings, settings, undefined, role) };
};

/** Turns what the run says into events. Each scenario is finished once, at the latest with the report. */
const hooksOf = (queue: EventQueue, { seed, repeat = 1 }: RunOptions, finish: (result: ScenarioResult) => void) => {
  const hooks: RunHooks = {
    onStart: ({ subject, total }) =>
      queue.push({ type: 'started', subject: { ...subject, url: publicUrl(subject.url) }, total, seed }),
    onNote: (text) => queue.push({ type: 'note', text }),
    onProgress: (progress) => queue.push({ type: 'progress', ...progress }),
    onResult: (result, { certain }) => {
      // What several repetitions come to is known when all have been played.
      if (certain && repeat === 1) finish(result);
      else if (result.attempts > 0) queue.push({ type: 'scenario-attempted', result });
    },
  };
  return hooks;
};

const play = async (given: ConformanceOptions, queue: EventQueue, signal: AbortSignal): Promise<Report> => {
  const { role, settings, options } = await prepare(given);
  const finished = new Set<string>();
  const finish = (result: ScenarioResult): void => {
    if (finished.has(result.id)) return;
    finished.add(result.id);
    queue.push({ type: 'scenario-finished', result });
  };
  try {
    const report = await conduct(options, settings, hooksOf(queue, options, finish), signal);
    for (const result of report.scenarios) finish(result);
    return report;
  } catch (cause) {
    // Whatever an interrupted run still meets, such as a server that was ended while it started, comes from that.
    if (signal.aborted) return emptyReport(settings, options.seed, EXIT.interrupted, INTERRUPTED, role);
    throw localFault(cause) ?? cause;
  }
};

/** Rejects when a run that was cancelled does not come to its end. */
const boundAfter = (signal: AbortSignal): { bound: Promise<never>; stop: () => void } => {
  let timer: NodeJS.Timeout | undefined;
  let begin = (): void => {};
  const bound = new Promise<never>((_, reject) => {
    begin = () => {
      const late = new KitError(
        'kit',
        `the run did not end within ${END_BOUND_MS / 1_000} s after it was cancelled`,
        'Please report it; what it started is killed when this process ends.',
      );
      timer = setTimeout(() => reject(late), END_BOUND_MS);
    };
  });
  bound.catch(() => undefined);
  if (signal.aborted) begin();
  else signal.addEventListener('abort', begin, { once: true });
  const stop = (): void => {
    clearTimeout(timer);
    signal.removeEventListener('abort', begin);
  };
  return { bound, stop };
};

/**
 * Tests one subject, a server or a client, as the command line does. The run begins at once, and never throws here: what
 * is wrong with the options comes where its report or its events are awaited. Several runs may go on at the same time.
 *
 * @example
 * const run = runConformance({ exec: 'node server.js --port {port} --data {data}', classes: ['core', 'durable'] });
 * for await (const event of run) if (event.type === 'scenario-finished') console.log(event.result.id);
 * const { exitCode } = await run.report;
 */
export const runConformance = (options: ConformanceOptions = {}): ConformanceRun => {
  const queue = new EventQueue();
  const canceller = new AbortController();
  const given = options?.signal instanceof AbortSignal ? [options.signal] : [];
  const signal = AbortSignal.any([canceller.signal, ...given]);
  // Every wait of every scenario listens.
  setMaxListeners(0, signal);
  const { bound, stop } = boundAfter(signal);
  const report = Promise.race([play(options, queue, signal), bound]).then(
    (whole) => {
      queue.push({ type: 'report', report: whole });
      queue.end();
      return whole;
    },
    (cause) => {
      const error = forPrograms(cause);
      queue.end({ cause: error });
      throw error;
    },
  );
  const settled = report.then(stop, stop);
  const cancel = (): Promise<void> => {
    canceller.abort();
    return settled;
  };
  return {
    report,
    cancel,
    [Symbol.asyncIterator]: () => ({
      next: () => queue.next(),
      return: async () => {
        await cancel();
        return { done: true, value: undefined };
      },
    }),
  };
};
