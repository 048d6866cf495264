import { BIG_INT } from './hole.js';

/** A frame, or a text that is none. */
export type Decoded = { value: unknown; text: string } | { broken: string; text: string };

/** Cuts data into frames and back. One for each connection: it keeps what is not whole yet. */
export interface Codec {
  decode(data: string | Uint8Array): Decoded[];
  encode(value: unknown): string;
}

/** Texts and numbers, each as a whole: the digits behind a point are no integer. */
const TEXT_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/g;
/** Integers with so many digits may not survive as a number. */
const LONG_INT = /^-?\d{16,}$/;

/** JSON in which no integer loses a digit: those beyond 2^53 come as texts with a mark. */
export const parseJson = (text: string): unknown =>
  JSON.parse(
    /\d{16}/.test(text)
      ? text.replace(TEXT_OR_NUMBER, (found) => (LONG_INT.test(found) ? quoted(found) : found))
      : text,
  );

const quoted = (digits: string): string =>
  Number.isSafeInteger(Number(digits)) ? digits : JSON.stringify(`${BIG_INT}${digits}`);

const MARKED = /"\\u0000int:(-?\d+)"/g;

export const writeJson = (value: unknown): string => {
  const text = JSON.stringify(value);
  return text.includes('\\u0000int:') ? text.replace(MARKED, '$1') : text;
};

export const decodeJson = (text: string): Decoded => {
  try {
    return { value: parseJson(text), text };
  } catch (cause) {
    return { broken: `it is no JSON: ${(cause as Error).message}`, text };
  }
};

export const textOf = (data: string | Uint8Array): string =>
  typeof data === 'string' ? data : Buffer.from(data).toString();
