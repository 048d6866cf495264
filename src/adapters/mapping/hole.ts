import { KitError } from '../../errors.js';

/** How a value looks in a foreign frame. */
export const FORMS = ['int', 'iso', 'sec', 'b64', 'any', 'json'] as const;
export type Form = (typeof FORMS)[number];

/** A place in a template: `{name}`, `{name:form}`, `{name?}` may be absent, `{name|table}`, `{_}` is anything. */
export interface Hole {
  name: string;
  form: Form | undefined;
  optional: boolean;
  table: string | undefined;
}

/** A text of a template: pieces that stand as they are, and holes between them. */
export type Piece = string | Hole;

export type Tables = Readonly<Record<string, Readonly<Record<string, string>>>>;

const HOLE = /\{([A-Za-z_][A-Za-z0-9_]*)(\?)?(?::([a-z0-9]+))?(\?)?(?:\|([A-Za-z_][A-Za-z0-9_]*))?\}/g;

const formOf = (word: string | undefined, text: string): Form | undefined => {
  if (word === undefined) return undefined;
  const form = FORMS.find((one) => one === word);
  if (form !== undefined) return form;
  throw new KitError('usage', `${text}: there is no form "${word}"`, `Use one of ${FORMS.join(', ')}.`);
};

/**
 * What looks like a hole and is none: `{msgId` at the end, or a whole text such as `{ body }` and `{to.id}`. Braces inside of a
 * longer text may be those of the protocol.
 */
const BROKEN = /^\{\s*[A-Za-z_][\w.:?|-]*\s*\}$|\{[A-Za-z_][\w:?|]*$/;

const checkedText = (text: string, whole: string): string => {
  const broken = BROKEN.exec(text);
  if (broken === null) return text;
  const remedy = 'A hole is a name between braces without spaces, such as {body}, {id:int} or {x?}.';
  throw new KitError('usage', `"${whole}": ${broken[0]} is no hole`, remedy);
};

/** Throws a usage KitError for a form that does not exist, and for what looks like a hole and is none. */
export const piecesOf = (text: string): Piece[] => {
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(HOLE)) {
    const [whole, name = '', early, form, late, table] = match;
    if (match.index > end) pieces.push(checkedText(text.slice(end, match.index), text));
    pieces.push({ name, form: formOf(form, whole), optional: (early ?? late) !== undefined, table });
    end = match.index + whole.length;
  }
  if (end < text.length || pieces.length === 0) pieces.push(checkedText(text.slice(end), text));
  return pieces;
};

/** An integer beyond 2^53 travels through JSON as this text, so that no digit is lost. */
export const BIG_INT = '\u0000int:';

const MS_IN_S = 1_000;

/** What goes into the frame. Undefined: the value cannot have that form. */
export const toForm = (value: unknown, form: Form | undefined): unknown => {
  const text = String(value);
  switch (form) {
    case 'int': {
      if (!/^-?\d{1,40}$/.test(text)) return undefined;
      return Number.isSafeInteger(Number(text)) ? Number(text) : `${BIG_INT}${text}`;
    }
    case 'iso':
      return Number.isFinite(Number(value)) ? new Date(Number(value)).toISOString() : undefined;
    case 'sec':
      return Number.isFinite(Number(value)) ? Number(value) / MS_IN_S : undefined;
    case 'b64':
      return Buffer.from(text).toString('base64');
    case 'json':
      return JSON.stringify(value);
    case 'any':
      return value;
    case undefined:
      return text;
  }
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const fromText = (value: unknown, form: 'iso' | 'b64' | 'json'): unknown => {
  if (typeof value !== 'string') return undefined;
  if (form === 'json') return parsed(value);
  if (form === 'b64')
    return /^[A-Za-z0-9+/_-]*={0,2}$/.test(value) ? Buffer.from(value, 'base64').toString() : undefined;
  const time = Date.parse(value);
  return Number.isNaN(time) ? undefined : time;
};

/** What the frame tells: ids and texts as text, times as milliseconds. Undefined: it does not have that form. */
export const fromForm = (value: unknown, form: Form | undefined): unknown => {
  switch (form) {
    case 'int':
      if (typeof value === 'number' && Number.isInteger(value)) return String(value);
      return typeof value === 'string' && value.startsWith(BIG_INT) ? value.slice(BIG_INT.length) : undefined;
    case 'sec':
      return typeof value === 'number' ? Math.round(value * MS_IN_S) : undefined;
    case 'any':
      return value;
    case undefined:
      return typeof value === 'string' && !value.startsWith(BIG_INT) ? value : undefined;
    default:
      return fromText(value, form);
  }
};

/** Through a table; `*` stands for what is not in it. Undefined: nothing does. */
export const throughTable = (tables: Tables, table: string | undefined, value: unknown): unknown => {
  if (table === undefined) return value;
  const rows = tables[table] ?? {};
  return Object.hasOwn(rows, String(value)) ? rows[String(value)] : rows['*'];
};
