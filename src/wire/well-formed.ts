/** JSON can spell a lone surrogate as an escape; UTF-8 cannot hold one. Only such an escape makes a closer look needed. */
const SURROGATE_ESCAPE = /\\u[dD][89a-fA-F]/;

/** True when no surrogate stands alone. Native in every Node from 20 on, newer than the `lib` we compile against. */
export const isWellFormed = (text: string): boolean => (text as unknown as { isWellFormed(): boolean }).isWellFormed();

/** With U+FFFD instead of each surrogate that stands alone. */
export const toWellFormed = (text: string): string => (text as unknown as { toWellFormed(): string }).toWellFormed();

const escapePointer = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');

/**
 * JSON pointers of all strings and member names in `value` that hold a lone surrogate, at most 8.
 * Walks with its own stack: a frame may nest a hundred thousand arrays.
 */
const findLoneSurrogates = (value: unknown): string[] => {
  const found: string[] = [];
  const pending: [path: string, value: unknown][] = [['', value]];
  for (let next = pending.pop(); next !== undefined && found.length < 8; next = pending.pop()) {
    const [path, item] = next;
    if (typeof item === 'string') {
      if (!isWellFormed(item)) found.push(path);
    } else if (typeof item === 'object' && item !== null) {
      for (const [name, member] of Object.entries(item)) {
        // A deep path would cost memory for each level; nobody reads more than this of it.
        const memberPath = path.length > 200 ? path : `${path}/${escapePointer(name)}`;
        if (!isWellFormed(name)) found.push(memberPath);
        pending.push([memberPath, member]);
      }
    }
  }
  return found;
};

/** Where in the parsed `value` of `text` lone surrogates stand. Cheap when the text has no escaped surrogate. */
export const loneSurrogates = (text: string, value: unknown): string[] =>
  SURROGATE_ESCAPE.test(text) || !isWellFormed(text) ? findLoneSurrogates(value) : [];
