import type { Label } from './model.js';

/** An id that is cut shorter than this says nothing. */
const SHORTEST_ID = 7;

/** People tell ids apart by their ends: cuts in the middle. */
export const shorten = (text: string, width: number, dots = '…'): string => {
  const characters = [...text];
  if (characters.length <= width) return text;
  const room = Math.max(0, width - dots.length);
  const tail = Math.floor(room / 2);
  return [...characters.slice(0, room - tail), dots, ...characters.slice(characters.length - tail)]
    .join('')
    .slice(0, width);
};

/** Longer ids are cut even where there is room: nobody compares them whole. */
const LONGEST_ID = 16;

/** The words of a label that fit: the type always, then the id and the status, then the rest. */
export const fitLabel = ({ type, id, more }: Label, width: number, dots = '…'): string => {
  const words = (idWidth: number, count: number): string =>
    [type, ...(id === undefined || idWidth === 0 ? [] : [shorten(id, idWidth, dots)]), ...more.slice(0, count)].join(
      ' ',
    );
  const fits = (text: string): boolean => [...text].length <= width;
  for (let count = more.length; count > 0; count -= 1)
    if (fits(words(LONGEST_ID, count))) return words(LONGEST_ID, count);
  for (let count = Math.min(1, more.length); count >= 0; count -= 1)
    for (let idWidth = LONGEST_ID; idWidth >= SHORTEST_ID; idWidth -= 1)
      if (fits(words(idWidth, count))) return words(idWidth, count);
  const [first = ''] = more;
  return fits(words(0, 1)) ? words(0, 1) : shorten(id === undefined ? `${type} ${first}`.trim() : type, width, dots);
};

/** `12.3 ms`, `1,234 ms`. */
export const timeText = (at: number): string =>
  at < 100 ? `${at.toFixed(1)} ms` : `${Math.round(at).toLocaleString('en-US')} ms`;

/** Breaks text at spaces; a word that is longer than a line is cut. */
export const wrapHard = (text: string, width: number): string[] => {
  const lines: string[] = [];
  for (const word of text.split(' ').map((one) => [...one])) {
    let rest = word;
    const last = lines.at(-1);
    if (last !== undefined && [...last].length + 1 + rest.length <= width) {
      lines[lines.length - 1] = `${last} ${rest.join('')}`;
      continue;
    }
    for (; rest.length > width; rest = rest.slice(width)) lines.push(rest.slice(0, width).join(''));
    lines.push(rest.join(''));
  }
  return lines;
};
