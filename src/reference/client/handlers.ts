import type { Emitter } from './emitter.js';
import type { ClientEvents, ClientTimers } from './types.js';

interface HandlerHost {
  readonly events: Emitter;
  readonly timers: ClientTimers;
  readonly isClosed: () => boolean;
}

/**
 * Calls a handler of the application with one item after another. Its return confirms the item. When it throws, the same
 * item comes again after a pause that grows: the order is kept, and nothing is taken for confirmed.
 */
export const runHandler = <K extends 'message' | 'status'>(
  { events, timers, isClosed }: HandlerHost,
  kind: K,
  waiting: readonly ClientEvents[K][],
  handler: (item: ClientEvents[K]) => void | Promise<void>,
  confirm: (item: ClientEvents[K]) => Promise<void>,
): void => {
  const items = [...waiting];
  let isRunning = false;
  let pauseMs = timers.resendAfterMs;

  const handle = async (item: ClientEvents[K]): Promise<boolean> => {
    try {
      await handler(item);
      return true;
    } catch (error) {
      events.emit({ kind: 'error', data: { code: 'handler', message: `the ${kind} handler threw: ${error}` } });
      return false;
    }
  };

  const run = async (): Promise<void> => {
    isRunning = true;
    while (items.length > 0 && !isClosed()) {
      if (await handle(items[0] as ClientEvents[K])) {
        pauseMs = timers.resendAfterMs;
        await confirm(items.shift() as ClientEvents[K]).catch(() => {});
      } else {
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
        pauseMs = Math.min(pauseMs * 2, timers.resendMaxMs);
      }
    }
    isRunning = false;
  };

  events.on(kind, (item) => {
    items.push(item);
    if (!isRunning) void run();
  });
  if (items.length > 0) void run();
};
