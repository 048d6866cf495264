/** Which moments of its sweeps a script is played with. */
export interface SweepChoice {
  /** Number of points of each sweep; undefined: those that the script names. */
  points?: number;
  /** From 1. The first one takes the points as they are, each further one takes others between them. */
  repetition: number;
}

/** As the script was written. */
export const AS_WRITTEN: SweepChoice = { repetition: 1 };

/** Whether there is a sweep anywhere in a script as it was written. */
export const holdsSweep = (written: unknown): boolean => {
  if (Array.isArray(written)) return written.some(holdsSweep);
  if (typeof written !== 'object' || written === null) return false;
  return 'sweep' in written || Object.values(written).some(holdsSweep);
};

/** Steps of this size spread evenly over an interval, however many there are, and never meet. */
const GOLDEN_STEP = (Math.sqrt(5) - 1) / 2;

/** Finer than any timer that a fault could be aimed with. */
const DECIMALS = 1_000;

/** The value at `position` (0 to 1) of a line through the written points: where they are dense, the new ones are. */
const at = (written: readonly number[], position: number): number => {
  const place = position * (written.length - 1);
  const before = Math.min(Math.floor(place), written.length - 2);
  const from = written[before] ?? 0;
  const to = written[before + 1] ?? from;
  return from + (to - from) * (place - before);
};

/**
 * The values of a sweep. The first written point always belongs to them: it is the one at which the fault surely
 * fires. Where all written points are integers (they count packets), the chosen ones are, and none comes twice.
 */
export const sweepValues = (written: readonly number[], { points, repetition }: SweepChoice): number[] => {
  if (points === undefined && repetition === 1) return [...written];
  const count = points ?? written.length;
  const shift = ((repetition - 1) * GOLDEN_STEP) % 1;
  const whole = written.every(Number.isInteger);
  const values = Array.from({ length: count }, (_, i) => {
    const value = at(written, i === 0 ? 0 : (i - shift) / (count - 1));
    return whole ? Math.round(value) : Math.round(value * DECIMALS) / DECIMALS;
  });
  return [...new Set(values)];
};
