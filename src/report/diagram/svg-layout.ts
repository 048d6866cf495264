import { fitLabel, shorten, wrapHard } from './fit.js';
import type { Arrow, Diagram, Mark, Row } from './model.js';

/** Pixels; a character of the labels is about so wide, one of the notes a little less. */
export const CHARACTER = 7.25;
export const SMALL_CHARACTER = 6.65;
const SMALL_LINE = 13;
const TIME_RIGHT = 76;
const HEAD = 26;
const TOP = 8;
const GAP = { least: 132, most: 236 };
/** How far the receiving end of an arrow stands below the sending one: a packet takes time. */
export const SLOPE = 7;

/** A row with its place and its words, broken into lines. */
export interface Placed {
  row: Row;
  top: number;
  height: number;
  /** Where the lifelines change. */
  middle: number;
  label: string;
  notes: string[];
}

export interface SvgLayout {
  width: number;
  /** Where the last row ends. */
  bottom: number;
  /** Where the lifelines begin. */
  head: number;
  timeRight: number;
  columns: number[];
  gap: number;
  rows: Placed[];
}

/** Characters outside ASCII may be twice as wide: better too much room than too little. */
const widthOf = (text: string): number =>
  [...text].reduce((sum, character) => sum + ((character.codePointAt(0) ?? 0) < 0x3000 ? 1 : 2), 0);

export const cutTo = (text: string, characters: number): string => {
  let cut = shorten(text, characters);
  for (let width = characters; widthOf(cut) > characters && width > 1; width -= 1) cut = shorten(text, width);
  return cut;
};

export const layOutSvg = ({ parties, rows }: Diagram): SvgLayout => {
  const labels = rows.map((row) => (row.kind === 'arrow' ? widthOf(fitLabel(row.label, 28)) : 0));
  const gap = Math.min(GAP.most, Math.max(GAP.least, Math.max(0, ...labels) * CHARACTER + 30));
  const edge = Math.min(gap / 2 - 6, 46);
  const columns = parties.map((_, index) => TIME_RIGHT + 8 + edge + index * gap);
  const placed: Placed[] = [];
  let top = TOP + HEAD + 8;
  let before = rows[0]?.kind === 'elision' ? 0 : (rows[0]?.at ?? 0);
  for (const row of rows) {
    const at = row.kind === 'elision' ? row.fromMs : row.at;
    top += pause(at - before);
    before = row.kind === 'elision' ? row.toMs : row.at;
    const one = place(row, top, gap);
    placed.push(one);
    top += one.height;
  }
  const width = Math.ceil((columns.at(-1) ?? 0) + edge + 10);
  return { width, bottom: top, head: TOP + HEAD, timeRight: TIME_RIGHT, columns, gap, rows: placed };
};

/** Some room for a time in which nothing happened: not to scale, but it can be seen. */
const pause = (ms: number): number => (ms < 50 ? 0 : Math.min(30, Math.round(Math.log10(ms / 5) * 9)));

const place = (row: Row, top: number, gap: number): Placed => {
  if (row.kind === 'arrow') return placeArrow(row, top, gap);
  if (row.kind === 'mark') return placeMark(row, top, gap);
  return { row, top, height: 26, middle: top + 13, label: '', notes: [] };
};

const placeArrow = (row: Arrow, top: number, gap: number): Placed => {
  const label = cutTo(fitLabel(row.label, Math.floor((gap - 26) / CHARACTER)), Math.floor((gap - 22) / CHARACTER));
  const room = Math.floor((gap - 16) / SMALL_CHARACTER);
  const notes = row.notes.length === 0 ? [] : broken(row.notes.join(', '), room);
  const height = 30 + notes.length * SMALL_LINE;
  return { row, top, height, middle: top + 20, label, notes };
};

const placeMark = (row: Mark, top: number, gap: number): Placed => {
  const notes = broken(row.text, Math.floor((gap - 26) / SMALL_CHARACTER));
  return { row, top, height: 10 + notes.length * SMALL_LINE, middle: top + 12, label: '', notes };
};

const MAX_LINES = 4;

const broken = (text: string, characters: number): string[] => {
  const lines = wrapHard(text, characters).map((line) => cutTo(line, characters));
  if (lines.length <= MAX_LINES) return lines;
  return [...lines.slice(0, MAX_LINES - 1), `${(lines[MAX_LINES - 1] ?? '').slice(0, characters - 1)}…`];
};
