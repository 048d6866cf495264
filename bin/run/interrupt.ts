import { setMaxListeners } from 'node:events';
import { EXIT } from '../../src/harness/options.js';

/** All that end a program by default and can be caught: whoever ends the kit ends its subjects. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGALRM', 'SIGXCPU', 'SIGUSR2'] as const;

/** After a first signal the run may take this long to end its children and write its reports. */
const GRACE_MS = 20_000;

/**
 * The first signal aborts the run, which then ends its children and still reports. The second one, or a run that does
 * not come to its end, leaves at once: `process.exit` kills every child on its way out. `subjects` says what the kit
 * starts in this run, for the person who sent the signal: `server`.
 */
export const onInterrupt = (
  subjects: string,
  tell: (text: string) => void,
): { signal: AbortSignal; stop: () => void } => {
  const controller = new AbortController();
  // Every wait of every scenario listens.
  setMaxListeners(0, controller.signal);
  let bound: NodeJS.Timeout | undefined;
  const listener = (signal: NodeJS.Signals): void => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    tell(`${signal}: ending every ${subjects} that the kit started, and writing the reports; once more leaves at once`);
    controller.abort(signal);
    bound = setTimeout(() => process.exit(EXIT.interrupted), GRACE_MS);
    bound.unref();
  };
  for (const signal of SIGNALS) process.on(signal, listener);
  const stop = (): void => {
    clearTimeout(bound);
    for (const signal of SIGNALS) process.off(signal, listener);
  };
  return { signal: controller.signal, stop };
};
