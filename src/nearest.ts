/** Number of single-character changes that turn one text into the other. */
const distance = (from: string, to: string): number => {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
};

/** The ids most like the wanted one, best first; one that holds it comes first of all. The wanted one is cut: it may be anything. */
export const nearest = (wanted: string, known: readonly string[], limit = 3): string[] => {
  const word = wanted.slice(0, 100).toLowerCase();
  return known
    .map((id) => ({ id, far: id.toLowerCase().includes(word) ? 0 : distance(word, id.toLowerCase()) }))
    .sort((a, b) => a.far - b.far)
    .slice(0, limit)
    .map(({ id }) => id);
};

/** A slip of the finger is so many characters long at most. */
const MAX_SLIP = 3;

/** `Did you mean "core"? `, where one of the known words is near; else nothing. */
export const didYouMean = (wanted: string, known: readonly string[]): string => {
  const [near] = nearest(wanted, known, 1);
  const word = wanted.slice(0, 100).toLowerCase();
  if (near === undefined || word === '') return '';
  const alike =
    near.toLowerCase().includes(word) || distance(word, near.toLowerCase()) <= Math.min(MAX_SLIP, word.length / 2);
  return alike ? `Did you mean "${near}"? ` : '';
};
