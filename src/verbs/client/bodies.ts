import type { BodySpec, Description } from '../../../schemas/index.js';
import { WIRE } from '../../../schemas/index.js';
import { KitError } from '../../errors.js';

const bytes = (text: string): number => Buffer.byteLength(text, 'utf8');

/** A body of exactly that many bytes of UTF-8: `unit` repeated, then filled up with `x`. */
export const bodyOfBytes = (size: number, unit = 'x'): string => {
  const whole = unit.repeat(Math.floor(size / bytes(unit)));
  return whole + 'x'.repeat(size - bytes(whole));
};

/** The text of a body that a script describes; a `limit` is relative to the declared maxBodyBytes. */
export const bodyText = (spec: BodySpec | undefined, label: string, description: Description): string => {
  if (spec === undefined) return `body of ${label}`;
  if (typeof spec === 'string') return spec;
  if ('bytes' in spec) return bodyOfBytes(Number(spec.bytes), spec.of);
  if ('jwe' in spec) throw new KitError('kit', `the body of ${label} was not encrypted`, 'Please report this.');
  const limit = description.limits?.maxBodyBytes ?? WIRE.bodyBytes;
  return bodyOfBytes(limit + Number(spec.limit), spec.of);
};
