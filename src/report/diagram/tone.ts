import type { Arrow, Mark } from './model.js';

/** How much a row matters to somebody who looks for a fault. */
export type Tone = 'plain' | 'warn' | 'bad';

const BAD = new Set<Mark['sign']>(['killed', 'missed', 'refused']);
const PLAIN = new Set<Mark['sign']>(['opened', 'resumed', 'started', 'handed', 'page']);
/** A note that tells that all is well. */
const GOOD = 'handed over';

export const toneOf = (row: Arrow | Mark): Tone => {
  if (row.kind === 'mark') return BAD.has(row.sign) ? 'bad' : PLAIN.has(row.sign) ? 'plain' : 'warn';
  if (row.fate === 'lost' || row.fate === 'missing') return 'bad';
  return row.notes.every((note) => note === GOOD) ? 'plain' : 'warn';
};
