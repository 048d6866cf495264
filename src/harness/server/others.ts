import { setTimeout as sleep } from 'node:timers/promises';
import type { MetricsPage } from '../../play/index.js';

/** A page may lag behind by `answerWithinMs`. */
const LAG = 1.2;

/** The counters of a page and their values: `im_packets_total{type="msg:R"}` → 12. */
const countersOf = (text: string): Map<string, number> =>
  new Map(
    text.split('\n').flatMap((line) => {
      const [, name, value] = /^(im_[a-z_]+_total(?:\{[^}]*\})?) (\S+)/.exec(line) ?? [];
      return name === undefined ? [] : [[name, Number(value)] as const];
    }),
  );

/**
 * What shows that others use the server: a counter that grew while the kit was quiet. undefined: nothing did, or there
 * is no page. Takes about two and a half times `answerWithinMs`.
 */
export const signOfOthers = async (
  readPage: () => Promise<MetricsPage>,
  answerWithinMs: number,
  signal: AbortSignal,
): Promise<{ counter: string; from: number; to: number } | undefined> => {
  const pause = () => sleep(LAG * answerWithinMs, undefined, { signal }).catch(() => undefined);
  // What the kit itself did before may still be on its way to the page.
  await pause();
  const before = countersOf((await readPage()).text ?? '');
  await pause();
  if (signal.aborted) return undefined;
  for (const [counter, to] of countersOf((await readPage()).text ?? '')) {
    const from = before.get(counter) ?? 0;
    if (to > from) return { counter, from, to };
  }
  return undefined;
};
