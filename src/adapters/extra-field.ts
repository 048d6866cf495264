import type { Cannot } from './dialect.js';

/** Why a packet cannot be said whose remaining fields, `more`, have no place in the protocol. */
export const extraField = (packet: 'a message' | 'an ack', more: object): Cannot | undefined => {
  const [field] = Object.entries(more).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  if (field === undefined) return undefined;
  return { cannot: field === 'ttlMs' ? `give ${packet} a lifetime` : `give ${packet} the field ${field}` };
};
