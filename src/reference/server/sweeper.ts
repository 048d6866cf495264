/** Messages that one sweep forgets at most, so that no round takes long. */
const SWEEP_LIMIT = 1_000;
const SHORTEST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 3_600_000;

export interface SweeperHost {
  dedupWindowMs: number;
  wallClock(): number;
  /** Resolves with the number of messages that were forgotten. */
  purge(before: number, limit: number): Promise<number>;
}

const pauseMs = (purged: number, dedupWindowMs: number): number =>
  purged === SWEEP_LIMIT ? 50 : Math.min(LONGEST_PAUSE_MS, Math.max(SHORTEST_PAUSE_MS, Math.floor(dedupWindowMs / 4)));

/**
 * Forgets in the background what was settled, by an ack or by its expiry, longer than `dedupWindowMs` ago, never what is not acked (IM-4.2-6).
 * Returns a function that ends it.
 */
export const startSweeper = (host: SweeperHost): (() => void) => {
  let timer: NodeJS.Timeout | undefined;
  let ended = false;
  const plan = (purged: number): void => {
    if (ended) return;
    timer = setTimeout(
      async () => {
        plan(await host.purge(host.wallClock() - host.dedupWindowMs, SWEEP_LIMIT));
      },
      pauseMs(purged, host.dedupWindowMs),
    );
  };
  plan(0);
  return () => {
    ended = true;
    clearTimeout(timer);
  };
};
