import type { Paint, Style } from '../paint.js';

/** Characters that take one column on every terminal: ASCII, Latin, Greek, Cyrillic and a few signs. */
const SINGLE = /[^\x20-\x7e\u00a1-\u00ac\u00ae-\u02ff\u0370-\u0482\u048a-\u052f…]/gu;
const ASCII = /[^\x20-\x7e]/gu;

const escaped = (character: string): string => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;

/** Whatever could be wider or narrower than one column is written as its code point, so that no column drifts. */
export const oneColumnEach = (text: string, unicode: boolean): string =>
  text.replace(unicode ? SINGLE : ASCII, escaped);

interface Cell {
  character: string;
  style?: Style | undefined;
}

/** One line of text that is painted by column; nothing is ever painted beyond its width. */
export class Line {
  readonly #cells: (Cell | undefined)[] = [];
  readonly #width: number;

  constructor(width: number) {
    this.#width = width;
  }

  put(column: number, text: string, style?: Style): this {
    for (const [index, character] of [...text].entries()) {
      if (column + index >= 0 && column + index < this.#width) this.#cells[column + index] = { character, style };
    }
    return this;
  }

  /** Right-aligned: its last character stands left of the column. */
  putBefore(column: number, text: string, style?: Style): this {
    return this.put(column - [...text].length, text, style);
  }

  /** Neighbours of the same style are painted together; nothing stands at the end of the line but what was put there. */
  toString(paint: Paint): string {
    let done = '';
    let run = '';
    let style: Style | undefined;
    const flush = () => {
      done += style === undefined || run.trim() === '' ? run : paint(style, run);
      run = '';
    };
    for (const cell of this.#trimmed()) {
      const { character, style: next } = cell ?? { character: ' ', style: undefined };
      if (next !== style) flush();
      style = next;
      run += character;
    }
    flush();
    return done;
  }

  #trimmed(): (Cell | undefined)[] {
    const cells = [...this.#cells];
    while (cells.length > 0 && (cells.at(-1)?.character ?? ' ') === ' ') cells.pop();
    return cells;
  }
}
