/** Messages that one sweep forgets at most, so that no round takes long. */
const SWEEP_LIMIT = 1_000;
const SHORTEST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 3_600_000;

/** What the time of day gains on the stopwatch in one pause without having been set. */
const DRIFT_MS = 1_000;

export interface SweeperHost {
  dedupWindowMs: number;
  wallClock(): number;
  /** A stopwatch: nobody sets it. */
  now(): number;
  /** Resolves with the number of messages that were forgotten. */
  purge(before: number, limit: number): Promise<number>;
}

const pauseMs = (purged: number, dedupWindowMs: number): number =>
  purged === SWEEP_LIMIT ? 50 : Math.min(LONGEST_PAUSE_MS, Math.max(SHORTEST_PAUSE_MS, Math.floor(dedupWindowMs / 4)));

/**
 * Before when a message must have been settled to be forgotten. Its time is that of the day, and a clock that is set
 * forward makes nothing older (6.1): by as much as it jumped within the last window everything is kept longer.
 */
export const createHorizon = ({ dedupWindowMs, wallClock, now }: Omit<SweeperHost, 'purge'>): (() => number) => {
  let last = { wall: wallClock(), at: now() };
  let jumps: { at: number; ms: number }[] = [];
  return () => {
    const next = { wall: wallClock(), at: now() };
    const ms = next.wall - last.wall - (next.at - last.at);
    jumps = jumps.filter((jump) => next.at - jump.at <= dedupWindowMs);
    // It may have been set at any time since the last look, the latest is now.
    if (ms > DRIFT_MS) jumps.push({ at: next.at, ms });
    last = next;
    return next.wall - dedupWindowMs - jumps.reduce((sum, jump) => sum + jump.ms, 0);
  };
};

/**
 * Forgets in the background what was settled, by an ack or by its expiry, longer than `dedupWindowMs` ago, never what is not acked (IM-4.2-6).
 * Returns a function that ends it.
 */
export const startSweeper = (host: SweeperHost): (() => void) => {
  let timer: NodeJS.Timeout | undefined;
  let ended = false;
  const horizon = createHorizon(host);
  const plan = (purged: number): void => {
    if (ended) return;
    timer = setTimeout(
      async () => {
        plan(await host.purge(horizon(), SWEEP_LIMIT));
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
