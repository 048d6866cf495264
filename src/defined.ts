type Present<T> = { -readonly [K in keyof T as undefined extends T[K] ? never : K]: T[K] };
type Perhaps<T> = {
  -readonly [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** The same members without those that are undefined. */
export type Defined<T> = Present<T> & Perhaps<T>;

/**
 * An optional member is either there or not: `undefined` in its place would be written into a
 * comparison, a spread would let it win over a default, and `exactOptionalPropertyTypes` refuses it.
 */
export const defined = <const T extends object>(members: T): Defined<T> => {
  const kept: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(members)) if (value !== undefined) kept[name] = value;
  return kept as Defined<T>;
};
