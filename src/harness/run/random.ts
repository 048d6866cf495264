import { createHash } from 'node:crypto';
import { seededRandom } from '../../seeded-random.js';

/** Numbers from 0 to 1 that depend on nothing but the texts: the same seed gives the same run. */
export const randomOf = (...texts: string[]): (() => number) =>
  seededRandom(createHash('sha256').update(texts.join('\n')).digest().readUInt32LE(0) || 1);

/** A shuffled copy. */
export const shuffle = <T>(items: readonly T[], random: () => number): T[] => {
  const copy = [...items];
  for (let i = copy.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [copy[i], copy[j]] = [copy[j] as T, copy[i] as T];
  }
  return copy;
};
