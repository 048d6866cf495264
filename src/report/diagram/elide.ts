import type { Entry } from './entry.js';

/** So many rows at the beginning, at the end and around a row of the violation matter more than others. */
const EDGE = 6;
const AROUND = 3;
/** So many events of the process are shown in any case: with more, the packets between them would be gone. */
const MARKS = 6;

export type Kept = { entry: Entry } | { left: Entry[] };

/** Keeps at most `limit` rows, the gaps counted: what the violation names, what is near it, the beginning and the end. */
export const elide = (entries: readonly Entry[], violating: ReadonlySet<Entry>, limit: number): Kept[] => {
  if (entries.length <= limit) return entries.map((entry) => ({ entry }));
  const order = byImportance(entries, violating);
  for (let size = limit; size > 0; ) {
    const rows = withGaps(entries, new Set(order.slice(0, size)));
    if (rows.length <= limit) return rows;
    size -= Math.max(1, Math.ceil((rows.length - limit) / 2));
  }
  return [{ left: [...entries] }];
};

/** Places in the list of the rows, the most important first. */
const byImportance = (entries: readonly Entry[], violating: ReadonlySet<Entry>): number[] => {
  const distances = distancesTo(entries, violating);
  let marks = 0;
  const scores = entries.map((entry, index) => {
    const distance = distances[index] ?? entries.length;
    const fromEdge = Math.min(index, entries.length - 1 - index);
    if (distance === 0) return 0;
    if (entry.shape === 'mark' && entry.client === undefined && marks < MARKS) {
      marks += 1;
      return 1 + distance / entries.length;
    }
    if (isRepeat(entry, entries[index - 1])) return 7;
    if (fromEdge < EDGE / 2) return 2 + fromEdge / EDGE;
    if (entry.shape === 'arrow' && entry.fate === 'lost') return 3 + distance / entries.length;
    if (distance <= AROUND) return 3.5 + distance / entries.length;
    if (fromEdge < EDGE) return 4 + fromEdge / EDGE;
    return 5 + (violating.size === 0 ? fromEdge : distance) / entries.length;
  });
  const order = entries.map((_, index) => index);
  return order.sort((a, b) => (scores[a] ?? 0) - (scores[b] ?? 0) || a - b);
};

/** Of a flood one packet says as much as a thousand. */
const isRepeat = (entry: Entry, before: Entry | undefined): boolean =>
  entry.shape === 'arrow' &&
  before?.shape === 'arrow' &&
  entry.name === undefined &&
  entry.client === before.client &&
  entry.type === before.type &&
  entry.fate === before.fate &&
  entry.more.join() === before.more.join();

/** How far each row is from the next one that the violation names. */
const distancesTo = (entries: readonly Entry[], violating: ReadonlySet<Entry>): number[] => {
  const distances = entries.map(() => entries.length);
  const sweep = (indexes: Iterable<number>) => {
    let distance = entries.length;
    for (const index of indexes) {
      const entry = entries[index];
      distance = entry !== undefined && violating.has(entry) ? 0 : distance + 1;
      distances[index] = Math.min(distances[index] ?? distance, distance);
    }
  };
  sweep(entries.keys());
  sweep([...entries.keys()].reverse());
  return distances;
};

const withGaps = (entries: readonly Entry[], kept: ReadonlySet<number>): Kept[] => {
  const rows: Kept[] = [];
  let left: Entry[] = [];
  const close = () => {
    const [only] = left;
    // A row that says "1 more" is as long as the one that it hides.
    if (left.length === 1 && only !== undefined) rows.push({ entry: only });
    else if (left.length > 1) rows.push({ left });
    left = [];
  };
  for (const [index, entry] of entries.entries()) {
    if (!kept.has(index)) left.push(entry);
    else {
      close();
      rows.push({ entry });
    }
  }
  close();
  return rows;
};
