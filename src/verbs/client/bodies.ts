import type { BodySpec, Description } from '../../../schemas/index.js';
import { WIRE } from '../../../schemas/index.js';
import { KitError } from '../../errors.js';

const bytes = (text: string): number => Buffer.byteLength(text, 'utf8');

/** A body of exactly that many bytes of UTF-8: `unit` repeated, then filled up with `x`. */
export const bodyOfBytes = (size: number, unit = 'x'): string => {
  const whole = unit.repeat(Math.floor(size / bytes(unit)));
  return whole + 'x'.repeat(size - bytes(whole));
};

/** Bytes of a packet beside its body: of the msg:R that is to be written, and of the push that came last. */
export interface Overheads {
  request: number;
  push: number;
}

/** The name of the message, so that no two bodies are the same: equal ones would hide that they were exchanged. */
const labelled = (size: number, label: string, unit?: string): string => {
  const name = `${label} `;
  return size < bytes(name) ? bodyOfBytes(size, unit) : name + bodyOfBytes(size - bytes(name), unit);
};

/** The text of a body that a script describes; a `limit` is relative to the declared maxBodyBytes. */
export const bodyText = (
  spec: BodySpec | undefined,
  label: string,
  description: Description,
  overheads: () => Overheads,
): string => {
  if (spec === undefined) return `body of ${label}`;
  if (typeof spec === 'string') return spec;
  if ('bytes' in spec) return labelled(Number(spec.bytes), label, spec.of);
  if ('frameBytes' in spec) return labelled(Math.max(0, Number(spec.frameBytes) - overheads().request), label);
  if ('pushBytes' in spec) return labelled(Math.max(0, Number(spec.pushBytes) - overheads().push), label);
  if ('jwe' in spec) throw new KitError('kit', `the body of ${label} was not encrypted`, 'Please report this.');
  const limit = description.limits?.maxBodyBytes ?? WIRE.bodyBytes;
  return labelled(limit + Number(spec.limit), label, spec.of);
};
