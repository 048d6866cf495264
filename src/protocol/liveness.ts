/** What a server knows of the life of one peer. Times of a clock that never goes back, milliseconds. */
export interface PeerLife {
  readonly seenAt: number;
  readonly pingedAt: number;
}

export type LifeVerdict = 'alive' | 'ping' | 'dead';

/** How often a server looks after its peers: often enough to be right within a tenth of `deadAfterMs`. */
export const lookEveryMs = (deadAfterMs: number): number => Math.max(10, Math.floor(deadAfterMs / 10));

/** A peer is dead a little before `deadAfterMs`, so that it is found, with the pause between two looks, within it. */
const silenceLimitMs = (deadAfterMs: number): number => Math.floor(deadAfterMs * 0.85);

/** Three pings fit into the time that a peer has. */
const pingEveryMs = (deadAfterMs: number): number => Math.floor(deadAfterMs / 4);

export const judgeLife = (life: PeerLife, now: number, deadAfterMs: number): LifeVerdict => {
  if (now - life.seenAt >= silenceLimitMs(deadAfterMs)) return 'dead';
  return now - Math.max(life.seenAt, life.pingedAt) >= pingEveryMs(deadAfterMs) ? 'ping' : 'alive';
};

/**
 * True when the server itself did not run for a while (stopped, swapped out, starved). What its peers sent may still
 * lie unread in the kernel, so each of them gets its time anew (IM-1-18).
 */
export const wasStalled = (sinceLastLookMs: number, deadAfterMs: number): boolean =>
  sinceLastLookMs > 2 * lookEveryMs(deadAfterMs) + 20;

/**
 * True when bytes wait for a peer and none of them could leave for so long that it does not read any more (IM-4.2-51).
 * What the peer sends does not save it: it must read.
 */
export const isStuck = (unmovedSince: number, now: number, deadAfterMs: number): boolean =>
  now - unmovedSince >= silenceLimitMs(deadAfterMs);

/** A sender hears `stored` well before `deadAfterMs` when the connected receiver stays silent (IM-4.2-22). */
export const tellStoredAfterMs = (deadAfterMs: number): number => Math.floor(deadAfterMs / 2);
