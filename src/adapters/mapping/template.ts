import { fromForm, type Hole, type Piece, piecesOf, type Tables, throughTable, toForm } from './hole.js';

export type Values = Readonly<Record<string, unknown>>;

/** JSON in a text, as a template of its own: `{ $json: { body: '{body}' } }`. */
const JSON_IN_TEXT = '$json';

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const innerOf = (template: unknown): { inner: unknown } | undefined =>
  isRecord(template) && JSON_IN_TEXT in template && Object.keys(template).length === 1
    ? { inner: template[JSON_IN_TEXT] }
    : undefined;

const isOptional = (template: unknown): boolean => {
  if (typeof template !== 'string') return false;
  const [only, ...more] = piecesOf(template);
  return typeof only === 'object' && more.length === 0 && only.optional;
};

/** All holes of a template, of its inner ones, too. */
export const holesOf = (template: unknown): Hole[] => {
  if (typeof template === 'string') return piecesOf(template).filter((piece) => typeof piece === 'object');
  if (Array.isArray(template)) return template.flatMap(holesOf);
  return isRecord(template) ? Object.values(template).flatMap(holesOf) : [];
};

/** Why a template cannot be filled: the hole, and what stands for it. */
export class Unfilled {
  readonly why: string;

  constructor(why: string) {
    this.why = why;
  }
}

const ABSENT = Symbol('absent');

const fillHole = ({ name, form, optional, table }: Hole, values: Values, tables: Tables): unknown => {
  const value = values[name];
  if (value === undefined) {
    if (optional) return ABSENT;
    throw new Unfilled(`nothing stands for {${name}} here`);
  }
  const filled = toForm(throughTable(tables, table, value), form);
  if (filled === undefined)
    throw new Unfilled(`{${name}} is ${JSON.stringify(value)}, which cannot be written as ${form ?? table}`);
  return filled;
};

const fillText = (text: string, values: Values, tables: Tables): unknown => {
  const pieces = piecesOf(text);
  const [only] = pieces;
  if (pieces.length === 1 && typeof only === 'object') return fillHole(only, values, tables);
  return pieces
    .map((piece) => {
      const filled = typeof piece === 'string' ? piece : fillHole(piece, values, tables);
      return filled === ABSENT ? '' : String(filled);
    })
    .join('');
};

const fillAny = (template: unknown, values: Values, tables: Tables): unknown => {
  if (typeof template === 'string') return fillText(template, values, tables);
  if (Array.isArray(template)) {
    return template.map((item) => fillAny(item, values, tables)).filter((item) => item !== ABSENT);
  }
  if (!isRecord(template)) return template;
  const json = innerOf(template);
  if (json) return JSON.stringify(fillAny(json.inner, values, tables));
  const members = Object.entries(template).map(([name, item]) => [name, fillAny(item, values, tables)] as const);
  return Object.fromEntries(members.filter(([, item]) => item !== ABSENT));
};

/** Fills the holes. Throws Unfilled where nothing stands for one that must be there. */
export const fill = (template: unknown, values: Values, tables: Tables): unknown => {
  const filled = fillAny(template, values, tables);
  return filled === ABSENT ? undefined : filled;
};

/** What did not fit, and how much did: of several rules the one that fits most is the nearest. */
export interface Mismatch {
  path: string;
  expected: string;
  seen: string;
  fitted: number;
}

export type Matched = { ok: true; captured: Record<string, unknown> } | ({ ok: false } & Mismatch);

const show = (value: unknown): string => {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
};

/** One matching of one template: collects what holes captured. */
class Matching {
  readonly captured: Record<string, unknown> = {};
  readonly #tables: Tables;
  fitted = 0;
  mismatch: Mismatch | undefined;

  constructor(tables: Tables) {
    this.#tables = tables;
  }

  #fail(path: string, expected: unknown, seen: unknown): boolean {
    const wanted = typeof expected === 'string' ? expected : show(expected);
    this.mismatch ??= { path, expected: wanted, seen: show(seen), fitted: this.fitted };
    return false;
  }

  #capture({ name, form, table }: Hole, value: unknown): boolean {
    if (name === '_') return value !== undefined;
    const told = throughTable(this.#tables, table, fromForm(value, form));
    if (told === undefined) return false;
    // The same name twice must mean the same.
    if (name in this.captured && this.captured[name] !== told) return false;
    this.captured[name] = told;
    this.fitted += 1;
    return true;
  }

  match(template: unknown, value: unknown, path: string): boolean {
    if (typeof template === 'string') return this.#text(template, value, path);
    if (Array.isArray(template)) return this.#list(template, value, path);
    if (isRecord(template)) return this.#record(template, value, path);
    if (template !== value) return this.#fail(path, template, value);
    this.fitted += 1;
    return true;
  }

  #text(template: string, value: unknown, path: string): boolean {
    const pieces = piecesOf(template);
    const [only] = pieces;
    if (pieces.length === 1 && typeof only === 'object') {
      return this.#capture(only, value) || this.#fail(path, template, value);
    }
    if (pieces.length === 1) {
      if (only !== value) return this.#fail(path, show(template), value);
      this.fitted += 1;
      return true;
    }
    return typeof value === 'string' && this.#mixed(pieces, value) ? true : this.#fail(path, show(template), value);
  }

  /** Texts around holes: `{topic}_{n:int}`. */
  #mixed(pieces: readonly Piece[], value: string): boolean {
    const pattern = pieces
      .map((piece) => {
        if (typeof piece === 'string') return piece.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
        return piece.form === 'int' ? '(-?\\d+)' : piece.optional ? '(.*?)' : '(.+?)';
      })
      .join('');
    const found = new RegExp(`^${pattern}$`, 's').exec(value);
    if (found === null) return false;
    const holes = pieces.filter((piece) => typeof piece === 'object');
    return holes.every((hole, index) => {
      const text = found[index + 1] ?? '';
      if (hole.optional && text === '') return true;
      return this.#capture({ ...hole, form: hole.form === 'int' ? undefined : hole.form }, text);
    });
  }

  #list(template: readonly unknown[], value: unknown, path: string): boolean {
    if (!Array.isArray(value) || value.length < template.filter((item) => !isOptional(item)).length) {
      return this.#fail(path, `a list of ${template.length}`, value);
    }
    return template.every((item, index) => {
      if (index >= value.length && isOptional(item)) return true;
      return this.match(item, value[index], `${path}[${index}]`);
    });
  }

  #record(template: Record<string, unknown>, value: unknown, path: string): boolean {
    const json = innerOf(template);
    if (json) {
      const inner = typeof value === 'string' ? fromForm(value, 'json') : undefined;
      return inner === undefined ? this.#fail(path, 'JSON in a text', value) : this.match(json.inner, inner, path);
    }
    if (!isRecord(value)) return this.#fail(path, 'an object', value);
    for (const [name, item] of Object.entries(template)) {
      const inner = Object.hasOwn(value, name) ? value[name] : undefined;
      if ((inner === undefined || inner === null) && isOptional(item)) continue;
      if (!this.match(item, inner, path === '' ? name : `${path}.${name}`)) return false;
    }
    return true;
  }
}

/** Whether a frame fits a template, and what its holes then captured. Members that are not named are ignored. */
export const match = (template: unknown, value: unknown, tables: Tables): Matched => {
  const matching = new Matching(tables);
  if (matching.match(template, value, '')) return { ok: true, captured: matching.captured };
  const { path, expected, seen } = matching.mismatch ?? { path: '', expected: '', seen: '' };
  return { ok: false, path, expected, seen, fitted: matching.fitted };
};
