import { type Paint, plainPaint } from '../paint.js';
import { Line, oneColumnEach } from './canvas.js';
import { shorten, wrapHard } from './fit.js';
import { ASCII, type Glyphs, STATE_WORDS, UNICODE } from './glyphs.js';
import type { Diagram, LifelineState } from './model.js';
import { layOut, type TextLayout } from './text-layout.js';
import { TextRows } from './text-rows.js';

export interface TextOptions {
  /** Columns of the terminal: 100 at most are used, 40 at least. */
  width?: number;
  /** Line drawing and arrows; without it, ASCII only. */
  unicode?: boolean;
  paint?: Paint;
}

const WIDTH = { least: 40, most: 100 };
/** So many messages are told with their ids: of more, nobody looks for one in a diagram. */
const MAX_NAMED = 6;

/** The diagram as lines of text, none longer than the width, without line ends. */
export const textDiagram = (diagram: Diagram, options: TextOptions = {}): string[] => {
  const { unicode = true, paint = plainPaint } = options;
  const width = Math.max(WIDTH.least, Math.min(WIDTH.most, options.width ?? WIDTH.most));
  const glyphs = unicode ? UNICODE : ASCII;
  const layout = layOut(diagram, width);
  const rows = new TextRows(diagram, layout, glyphs, unicode);
  const lines = [...header(diagram, layout, glyphs, unicode), ...diagram.rows.flatMap((row) => rows.lines(row))];
  return [...lines.map((line) => line.toString(paint)), ...footer(diagram, width, glyphs, unicode, paint)];
};

/** The names above the lifelines: on one line, or, where the lanes are narrow, on one line each. */
const header = ({ parties }: Diagram, layout: TextLayout, glyphs: Glyphs, unicode: boolean): Line[] => {
  const { columns, gap, words, width, timeEnd } = layout;
  const nameOf = (index: number, room: number): string =>
    shorten(oneColumnEach(parties[index]?.name ?? '', unicode), room, glyphs.dots);
  if (words === 'inside') {
    const line = new Line(width).putBefore(timeEnd, 'time', 'dim');
    for (const [index, column] of columns.entries()) {
      const name = nameOf(index, gap - 2);
      line.put(index === 0 ? column : column - Math.floor(name.length / 2), name, 'bold');
    }
    return [line];
  }
  return columns.map((column, index) => {
    const line = new Line(width).putBefore(timeEnd, index === columns.length - 1 ? 'time' : '', 'dim');
    for (const before of columns.slice(0, index)) line.put(before, glyphs.state.open, 'dim');
    return line.put(column, nameOf(index, width - column), 'bold');
  });
};

/** What the signs mean, which messages these are, and where the message vanished. */
const footer = (diagram: Diagram, width: number, glyphs: Glyphs, unicode: boolean, paint: Paint): string[] => {
  const { messages, hidden, rows, vanished } = diagram;
  const safe = (text: string): string[] => wrapHard(oneColumnEach(text, unicode), width - 4);
  const put = (style: 'dim' | 'red', text: string, sign: string): string[] =>
    safe(text).map((line, index) => `${paint(style, `${index === 0 ? sign : ' '}`)} ${paint(style, line)}`.trimEnd());
  const states = new Set(rows.flatMap((row): readonly LifelineState[] => row.states));
  const legend = [...states].flatMap((state) => {
    const words = STATE_WORDS[state];
    return words === undefined || glyphs.state[state] === ' ' ? [] : [`${glyphs.state[state]} ${words}`];
  });
  if (rows.some((row) => row.kind !== 'elision' && row.violating)) legend.unshift(`${glyphs.violating} the violation`);
  const named = messages.filter(({ label, msgId }) => label !== msgId).slice(0, MAX_NAMED);
  const ids = named.map(
    ({ label, msgId, from }) => `${label} = ${shorten(msgId, 40, glyphs.dots)} of ${shorten(from, 24, glyphs.dots)}`,
  );
  const left = hidden.length > 4 ? ` and ${hidden.length - 4} more` : '';
  return [
    ...(vanished === undefined ? [] : put('red', vanished, glyphs.cross)),
    ...(legend.length === 0 ? [] : ['', ...wrapItems(legend, width - 4).map((line) => `  ${glyphed(line, paint)}`)]),
    ...(ids.length === 0 || messages.length > MAX_NAMED ? [] : ids.flatMap((line) => put('dim', line, ' '))),
    ...(hidden.length === 0 ? [] : put('dim', `not shown: ${hidden.slice(0, 4).join(', ')}${left}`, ' ')),
  ];
};

const glyphed = (line: string, paint: Paint): string => paint('dim', line);

/** Items stay whole, three spaces between them. */
const wrapItems = (items: readonly string[], width: number): string[] => {
  const lines: string[] = [];
  for (const item of items) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 3 + item.length <= width) lines[lines.length - 1] = `${last}   ${item}`;
    else lines.push(item);
  }
  return lines;
};
