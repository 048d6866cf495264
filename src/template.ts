import { KitError } from './errors.js';

/** A place in a text that something is filled into: `{name}`, `{name+1}` or `{name:argument}`. */
export interface Place {
  name: string;
  argument?: string;
  /** What is added to the number that stands for it. */
  add: number;
  /** As it is written. */
  text: string;
}

/** What stands for a place. Undefined: it stays as it is written. */
export type Resolve = (place: Place) => unknown;

const PLACE = /\{([A-Za-z][A-Za-z0-9]*)(?::([A-Za-z][A-Za-z0-9-]*)|([+-][0-9]+))?\}/g;

const placeOf = ([text, name, argument, add]: RegExpMatchArray): Place => ({
  text,
  name: name as string,
  add: Number(add ?? 0),
  ...(argument === undefined ? {} : { argument }),
});

const valueAt = (place: Place, resolve: Resolve): unknown => {
  const value = resolve(place);
  if (value === undefined || place.add === 0) return value;
  if (typeof value === 'number') return value + place.add;
  throw new KitError('usage', `${place.text} counts with a value that is no number`, `Write {${place.name}}.`);
};

/** Fills a text. One that is nothing but a place takes the value and its type. */
export const fillText = (text: string, resolve: Resolve): unknown => {
  if (!text.includes('{')) return text;
  const [first] = text.matchAll(PLACE);
  if (first === undefined) return text;
  if (first[0] === text) return valueAt(placeOf(first), resolve) ?? text;
  return text.replaceAll(PLACE, (...match) => {
    const place = placeOf(match as unknown as RegExpMatchArray);
    return String(valueAt(place, resolve) ?? place.text);
  });
};

/** Fills every text below a value; the names of members stay. */
export const fillTree = (value: unknown, resolve: Resolve): unknown => {
  if (typeof value === 'string') return fillText(value, resolve);
  if (Array.isArray(value)) return value.map((item) => fillTree(item, resolve));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fillTree(item, resolve)]));
};

/** The places of every text below a value. */
export const placesIn = (value: unknown): Place[] => {
  if (typeof value === 'string') return value.includes('{') ? [...value.matchAll(PLACE)].map(placeOf) : [];
  if (value === null || typeof value !== 'object') return [];
  return Object.values(value).flatMap(placesIn);
};

/** Fills plain names with texts, `{user}` but not `{user+1}`; a name without a value stays as it is written. */
export const fillNames = (
  text: string,
  values: Readonly<Record<string, string | undefined>>,
  encode = (value: string) => value,
): string =>
  String(
    fillText(text, (place) => {
      const value =
        place.text === `{${place.name}}` && Object.hasOwn(values, place.name) ? values[place.name] : undefined;
      return value === undefined ? undefined : encode(value);
    }),
  );
