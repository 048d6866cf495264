import type { DialOutcome, Refused } from '../ports.js';

/** No room just now, too many requests, or a gateway that did not reach its server: no reason to give up. */
const FOR_NOW: ReadonlySet<number | undefined> = new Set([429, 502, 503, 504]);
const TRIES = 6;
const FIRST_PAUSE_MS = 100;
/** Who asks for more does not want to be tested. */
const LONGEST_PAUSE_MS = 20_000;

/** An upgrade that failed for now only: a server may refuse one at any time, and no rule says how long one takes. */
export const isRefusedForNow = ({ refusal, status }: Refused): boolean =>
  refusal === 'timeout' || (refusal === 'status' && FOR_NOW.has(status));

const mayPass = (refused: Refused, hasOthers: boolean): boolean =>
  isRefusedForNow(refused) || (hasOthers && refused.refusal === 'network');

const isWanted = ({ status }: Refused, wanted: number | 'anything' | undefined): boolean =>
  wanted === 'anything' || (wanted !== undefined && status === wanted);

/** Tries to connect again, with a growing pause, as every client does. `wanted`: the status that is to come, or that anything may come. */
export const connectPatiently = async (
  connect: () => Promise<DialOutcome>,
  pause: (ms: number) => Promise<unknown>,
  wanted?: number | 'anything',
  /** There are other nodes: one that is not there is no reason to give up. */
  hasOthers = false,
  /** For so long it is tried at least. Milliseconds. */
  leastMs = 0,
): Promise<DialOutcome> => {
  const from = performance.now();
  for (let tries = 1; ; tries += 1) {
    const outcome = await connect();
    const isLast = tries >= TRIES && performance.now() - from >= leastMs;
    if (outcome.ok || isLast || !mayPass(outcome, hasOthers) || isWanted(outcome, wanted)) return outcome;
    await pause(
      Math.max(
        FIRST_PAUSE_MS * 2 ** (Math.min(tries, TRIES) - 1),
        Math.min(outcome.retryAfterMs ?? 0, LONGEST_PAUSE_MS),
      ),
    );
  }
};
