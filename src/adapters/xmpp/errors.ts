import type { ErrorCode } from '../../../schemas/index.js';
import type { Refusal } from './counts.js';
import { NAMESPACE } from './names.js';
import { childOf, type Element } from './xml.js';

/** Conditions of a stream error, and the close codes that mean the same; the others end a stream for no reason of ours. */
const CLOSES: Readonly<Record<string, number>> = {
  conflict: 4409,
  'system-shutdown': 1001,
  'not-well-formed': 1002,
  'invalid-xml': 1002,
};
const OTHER_CLOSE = 1011;
const CODES: Readonly<Record<string, ErrorCode>> = {
  'item-not-found': 'unknown-recipient',
  'service-unavailable': 'unknown-recipient',
  'resource-constraint': 'busy',
  forbidden: 'not-allowed',
};

/** The element that names what went wrong: the first one that is no text. */
export const conditionOf = ({ children }: Element): string =>
  children.find(({ name }) => name !== 'text')?.name ?? 'no reason given';

export const closeOf = (condition: string): number => CLOSES[condition] ?? OTHER_CLOSE;

/** Why a stanza came back. */
export const refusalOf = (stanza: Element): Refusal => {
  const error = childOf(stanza, 'error', NAMESPACE.client);
  const message = error === undefined ? 'no reason given' : conditionOf(error);
  return { code: CODES[message] ?? 'internal', message };
};
