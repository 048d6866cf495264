import type { Style } from '../paint.js';
import { Line, oneColumnEach } from './canvas.js';
import { fitLabel, shorten, timeText, wrapHard } from './fit.js';
import type { Glyphs } from './glyphs.js';
import type { Arrow, Band, Diagram, Elision, LifelineState, Mark, Row } from './model.js';
import type { TextLayout } from './text-layout.js';
import { type Tone, toneOf } from './tone.js';

const STYLE: Record<Tone, Style | undefined> = { plain: undefined, warn: 'yellow', bad: 'red' };

/** A note of more lines is cut: whoever wants all of it has the history. */
const MAX_NOTE_LINES = 3;

/** Draws the rows of one diagram in text. */
export class TextRows {
  readonly #diagram: Diagram;
  readonly #layout: TextLayout;
  readonly #glyphs: Glyphs;
  readonly #unicode: boolean;

  constructor(diagram: Diagram, layout: TextLayout, glyphs: Glyphs, unicode: boolean) {
    this.#diagram = diagram;
    this.#layout = layout;
    this.#glyphs = glyphs;
    this.#unicode = unicode;
  }

  lines(row: Row): Line[] {
    if (row.kind === 'arrow') return this.#arrow(row);
    if (row.kind === 'mark') return this.#mark(row);
    return [row.kind === 'band' ? this.#band(row) : this.#elision(row)];
  }

  /** A line with the lifelines on it. */
  #blank(states: readonly LifelineState[]): Line {
    const line = new Line(this.#layout.width);
    for (const [index, column] of this.#layout.columns.entries())
      line.put(column, this.#glyphs.state[states[index] ?? 'open'], 'dim');
    return line;
  }

  #begin(row: Exclude<Row, Elision>): Line {
    const line = this.#blank(row.states).putBefore(
      this.#layout.timeEnd,
      timeText(row.at),
      row.violating ? 'red' : 'dim',
    );
    return row.violating ? line.put(0, this.#glyphs.violating, 'red') : line;
  }

  /** The first line of a row and, where the words need them, more; `put` places one line of words. */
  #withWords(row: Exclude<Row, Elision>, words: string, column: number, width: number, style?: Style): Line[] {
    const safe = oneColumnEach(words, this.#unicode);
    const wrapped = safe === '' ? [] : wrapHard(safe, Math.max(4, width));
    if (wrapped.length > MAX_NOTE_LINES) {
      const last = `${wrapped[MAX_NOTE_LINES - 1]}${this.#glyphs.dots}`;
      wrapped.splice(MAX_NOTE_LINES - 1, wrapped.length, shorten(last, Math.max(4, width), this.#glyphs.dots));
    }
    const lines = wrapped.map((text, index) =>
      (index === 0 ? this.#begin(row) : this.#blank(row.states)).put(column, text, row.violating ? 'red' : style),
    );
    return lines.length > 0 ? lines : [this.#begin(row)];
  }

  #arrow(row: Arrow): Line[] {
    const { words, notes, width, gap } = this.#layout;
    const inside = words === 'inside';
    const { dots } = this.#glyphs;
    const label = oneColumnEach(fitLabel(row.label, inside ? gap - 6 : width - notes, dots), this.#unicode);
    const fitted = shorten(label, inside ? gap - 6 : width - notes, dots);
    const said = [...(inside ? [] : [fitted]), ...row.notes].join(', ');
    const tone = toneOf(row);
    const style = tone === 'bad' ? 'red' : undefined;
    const lines = this.#withWords(row, said, notes, width - notes, inside ? STYLE[tone] : style);
    if (lines[0] !== undefined) this.#shaft(lines[0], row, inside ? fitted : '', row.violating ? 'red' : style);
    return lines;
  }

  #shaft(line: Line, row: Arrow, label: string, style: Style | undefined): void {
    const { columns, gap } = this.#layout;
    const glyphs = this.#glyphs;
    const [client, server] = [columns[row.client] ?? 0, columns[this.#diagram.server] ?? 0];
    const [from, to] = row.toServer ? [client, server] : [server, client];
    const step = from < to ? 1 : -1;
    const stopped = row.fate === 'lost' || row.fate === 'missing';
    const end = stopped ? to - step * Math.min(3, gap - 2) : to - step;
    for (let column = from + step; column !== end; column += step)
      line.put(column, columns.includes(column) ? glyphs.crossing : glyphs.shaft[row.fate], style);
    line.put(from, step > 0 ? glyphs.tailRight : glyphs.tailLeft, style);
    line.put(end, stopped ? glyphs.cross : step > 0 ? glyphs.headRight : glyphs.headLeft, style);
    if (label === '') return;
    if (step > 0) line.put(from + 2, ` ${label} `, style);
    else line.putBefore(from - 1, ` ${label} `, style);
  }

  #mark(row: Mark): Line[] {
    const { columns, words, notes, width, gap } = this.#layout;
    const column = columns[row.party] ?? 0;
    const last = row.party === columns.length - 1;
    const inside = words === 'inside' || last;
    const name = this.#diagram.parties[row.party]?.name ?? '';
    const text = inside ? row.text : `${name}: ${row.text}`;
    const start = inside ? column + 2 : notes;
    const room = inside && !last ? gap - 3 : width - start;
    const style = STYLE[toneOf(row)];
    const lines = this.#withWords(row, text, start, room, style);
    lines[0]?.put(column, this.#glyphs.sign[row.sign], row.violating ? 'red' : style);
    return lines;
  }

  #band(row: Band): Line {
    const { columns, notes, width } = this.#layout;
    const [first = 0] = columns;
    const room = Math.max(12, width - first - 4);
    const text = shorten(oneColumnEach(row.text, this.#unicode), room, this.#glyphs.dots);
    const rule = this.#glyphs.rule.repeat(Math.max(0, notes - 1 - first));
    return this.#begin(row)
      .put(first, rule, 'dim')
      .put(first + 2, ` ${text} `, row.violating ? 'red' : 'dim');
  }

  #elision(row: Elision): Line {
    const { columns, timeEnd, width, words, notes, gap } = this.#layout;
    const line = new Line(width).putBefore(timeEnd, this.#glyphs.dots, 'dim');
    for (const column of columns) line.put(column, this.#glyphs.gap, 'dim');
    const text = `${row.count.toLocaleString('en-US')} more`;
    const long = `${text}, until ${timeText(row.toMs)}`;
    const inside = words === 'inside' && columns.length > 1;
    const room = inside ? gap - 3 : width - notes;
    return line.put(inside ? (columns[0] ?? 0) + 2 : notes, long.length <= room ? long : text, 'dim');
  }
}
