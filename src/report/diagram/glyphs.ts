import type { Fate, LifelineState, Sign } from './model.js';

/** The signs of a diagram in text; each takes one column. */
export interface Glyphs {
  dots: string;
  /** Of an arrow: tail and head in either direction, and what lies between. */
  tailRight: string;
  tailLeft: string;
  headRight: string;
  headLeft: string;
  shaft: Record<Fate, string>;
  cross: string;
  crossing: string;
  rule: string;
  gap: string;
  violating: string;
  state: Record<LifelineState, string>;
  sign: Record<Sign, string>;
}

export const UNICODE: Glyphs = {
  dots: '…',
  tailRight: '├',
  tailLeft: '┤',
  headRight: '▶',
  headLeft: '◀',
  shaft: { arrived: '─', lost: '─', unanswered: '─', missing: '┈' },
  cross: '✕',
  crossing: '┼',
  rule: '╌',
  gap: '⋮',
  violating: '»',
  state: { away: '·', open: '│', silent: '╎', stalled: '┆', up: '│', frozen: '░', down: '·' },
  sign: {
    opened: '┬',
    refused: '✕',
    closed: '┴',
    quiet: '╎',
    resumed: '├',
    handed: '◆',
    missed: '✕',
    fault: '◇',
    killed: '┴',
    started: '┬',
    frozen: '░',
    page: '○',
  },
};

export const ASCII: Glyphs = {
  dots: '..',
  tailRight: '|',
  tailLeft: '|',
  headRight: '>',
  headLeft: '<',
  shaft: { arrived: '-', lost: '-', unanswered: '-', missing: '.' },
  cross: 'X',
  crossing: '+',
  rule: '-',
  gap: ':',
  violating: '>',
  state: { away: ' ', open: '|', silent: ':', stalled: ';', up: '|', frozen: '#', down: ' ' },
  sign: {
    opened: '+',
    refused: 'X',
    closed: '+',
    quiet: ':',
    resumed: '|',
    handed: '*',
    missed: 'X',
    fault: '!',
    killed: '+',
    started: '+',
    frozen: '#',
    page: 'o',
  },
};

/** States that a reader may not guess, in words. */
export const STATE_WORDS: Partial<Record<LifelineState, string>> = {
  away: 'no connection',
  silent: 'silent: neither reads nor writes',
  stalled: 'does not read',
  frozen: 'frozen',
  down: 'no process',
};
