import { fitLabel, timeText } from './fit.js';
import type { Diagram, Row } from './model.js';

/** Where everything stands in a diagram in text. */
export interface TextLayout {
  width: number;
  /** The column that the times end before. */
  timeEnd: number;
  /** The lifelines, from left to right. */
  columns: number[];
  /** Between two lifelines. */
  gap: number;
  /** `inside`: words stand on the arrows. `beside`: the lanes are narrow, and all words stand right of them. */
  words: 'inside' | 'beside';
  /** Where notes begin. */
  notes: number;
}

const MARK_WIDTH = 2;
/** The least that is kept for notes, and the least between two lifelines so that a packet's name fits. */
const NOTES = { least: 15, wide: 28 };
const GAP = { least: 19, most: 34, narrow: 4, narrowMost: 8 };

const longestLabel = (rows: readonly Row[]): number =>
  Math.max(0, ...rows.map((row) => (row.kind === 'arrow' ? [...fitLabel(row.label, 60)].length : 0)));

/** The words of a mark stand between two lifelines, but for the last. */
const longestMark = (rows: readonly Row[], last: number): number =>
  Math.max(0, ...rows.map((row) => (row.kind === 'mark' && row.party < last ? row.text.length : 0)));

const timesOf = (row: Row): number[] => (row.kind === 'elision' ? [] : [row.at]);

export const layOut = ({ parties, rows }: Diagram, width: number): TextLayout => {
  const times = rows.flatMap(timesOf).map((at) => timeText(at).length);
  const timeEnd = MARK_WIDTH + Math.max(8, ...times);
  const first = timeEnd + 2;
  const gaps = Math.max(1, parties.length - 1);
  const room = (notes: number) => Math.floor((width - first - 2 - notes) / gaps);
  const wanted = Math.min(GAP.most, Math.max(GAP.least, longestLabel(rows) + 7));
  const forMarks = Math.min(GAP.most, longestMark(rows, parties.length - 1) + 3);
  const inside = room(NOTES.least);
  const words = inside >= GAP.least ? 'inside' : 'beside';
  const narrow = Math.max(GAP.narrow, Math.min(GAP.narrowMost, room(width / 2)));
  // A packet's name matters more than notes on one line, and these more than the words of a mark on one line.
  const roomy = Math.max(Math.min(wanted, inside), Math.min(forMarks, room(NOTES.wide)));
  const gap = words === 'inside' ? roomy : narrow;
  const columns = parties.map((_, index) => first + index * gap);
  return { width, timeEnd, columns, gap, words, notes: first + (parties.length - 1) * gap + 2 };
};
