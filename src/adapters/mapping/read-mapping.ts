import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type DialectFile, DialectFileSchema } from '../../../schemas/index.js';
import { KitError } from '../../errors.js';
import { parseSource, readSource, type Source } from '../../script/index.js';
import { errorFinder } from '../../wire/index.js';
import { MEMBERS, STATUSES } from './packet-of.js';
import type { Hooks } from './session.js';
import { holesOf } from './template.js';

const REMEDY = 'docs/any-server.md shows a whole dialect; schemas/dialect.schema.json completes it in an editor.';

/** Holes that every outgoing template knows. */
const ALWAYS = ['user', 'device', 'token', 'now'];
const OF_A_MESSAGE = ['rid', 'ridInt', 'msgId', 'to', 'body', 'ttlMs', 'from'];

/** Forms and tables of every template; a hole that nothing can ever fill. */
class Checks {
  readonly #source: Source;
  readonly #file: DialectFile;

  constructor(source: Source, file: DialectFile) {
    this.#source = source;
    this.#file = file;
  }

  #fault(path: readonly (string | number)[], problem: string, remedy: string): KitError {
    return this.#source.fault([...path], problem, remedy);
  }

  /** The holes of a template, its forms and tables checked. */
  #holes(template: unknown, path: readonly (string | number)[]): string[] {
    try {
      const holes = holesOf(template);
      const { tables = {} } = this.#file;
      const unknown = holes.find(({ table }) => table !== undefined && !Object.hasOwn(tables, table));
      if (unknown !== undefined) {
        const names = Object.keys(tables).join(', ') || 'none';
        throw this.#fault(
          path,
          `there is no table "${unknown.table}" for {${unknown.name}|${unknown.table}}`,
          `Add it to tables; there are: ${names}.`,
        );
      }
      return holes.map(({ name }) => name);
    } catch (cause) {
      if (!(cause instanceof KitError) || cause.message.includes(`${this.#source.file}:`)) throw cause;
      throw this.#fault(path, cause.message, cause.remedy);
    }
  }

  #outgoing(template: unknown, path: readonly (string | number)[], known: readonly string[]): void {
    const stranger = this.#holes(template, path).find((name) => name !== '_' && !known.includes(name));
    if (stranger === undefined) return;
    throw this.#fault(
      path,
      `nothing ever stands for {${stranger}}`,
      `Use one of ${known.map((name) => `{${name}}`).join(', ')}.`,
    );
  }

  all(): void {
    const { login = [], send, prepare, beat, leave, receive } = this.#file;
    const known = [...ALWAYS];
    for (const [index, step] of login.entries()) {
      this.#outgoing(step.send ?? '', ['login', index, 'send'], known);
      known.push(...this.#holes(step.await ?? '', ['login', index, 'await']));
      this.#holes(step.refused ?? '', ['login', index, 'refused']);
    }
    this.#outgoing(send['msg:R'], ['send', 'msg:R'], [...known, ...OF_A_MESSAGE]);
    const said = holesOf(send['msg:R']).map(({ name }) => name);
    const missing = ['to', 'body'].find((name) => !said.includes(name));
    if (missing !== undefined) {
      throw this.#fault(
        ['send', 'msg:R'],
        `it does not say {${missing}}`,
        'A message needs its receiver and its text.',
      );
    }
    const pushed = receive.flatMap(({ is, when, item }, index) =>
      is === 'msg:N' ? this.#holes([when, item ?? ''], ['receive', index, 'when']) : [],
    );
    const acking = [...known, 'rid', 'ridInt', 'serverMsgId', 'msgId', 'from', ...pushed];
    this.#outgoing(send['ack:R'] ?? '', ['send', 'ack:R'], acking);
    this.#checkAckBy(pushed);
    this.#outgoing(prepare?.send ?? '', ['prepare', 'send'], [...known, 'to']);
    this.#holes(prepare?.await ?? '', ['prepare', 'await']);
    this.#outgoing(beat?.send ?? '', ['beat', 'send'], known);
    this.#outgoing(leave ?? '', ['leave'], known);
    for (const index of receive.keys()) this.#rule(index, known);
    for (const type of ['msg:A', 'msg:N'] as const) {
      if (receive.some(({ is }) => is === type)) continue;
      throw this.#fault(
        ['receive'],
        `no rule is ${type}`,
        'A server can be judged only where a message is answered and reaches its receiver.',
      );
    }
  }

  #checkAckBy(pushed: readonly string[]): void {
    const { ackBy } = this.#file;
    if (ackBy === undefined || pushed.includes(ackBy)) return;
    throw this.#fault(['ackBy'], `no rule of msg:N captures {${ackBy}}`, 'Name a hole of the push.');
  }

  #rule(index: number, known: readonly string[]): void {
    const rule = this.#file.receive[index];
    if (rule === undefined) return;
    const path = ['receive', index];
    const captured = this.#holes([rule.when, rule.item ?? ''], [...path, 'when']);
    this.#outgoing(rule.with ?? '', [...path, 'with'], captured);
    this.#outgoing(rule.reply ?? '', [...path, 'reply'], [...known, ...captured]);
    if (rule.is === undefined) return;
    const strange = Object.keys(rule.with ?? {}).find((name) => !MEMBERS[rule.is as 'msg:A'].includes(name));
    if (strange !== undefined) {
      throw this.#fault(
        [...path, 'with', strange],
        `a ${rule.is} has no member ${strange}`,
        `Use some of ${MEMBERS[rule.is].join(', ')}.`,
      );
    }
    const status = rule.with?.status;
    const statuses = STATUSES[rule.is] ?? [];
    if (typeof status === 'string' && !status.includes('{') && !statuses.includes(status)) {
      throw this.#fault(
        [...path, 'with', 'status'],
        `no ${rule.is} has the status "${status}"`,
        `Use one of ${statuses.join(', ')}.`,
      );
    }
    if (rule.is === 'msg:N' && !captured.includes('body')) {
      throw this.#fault(
        [...path, 'when'],
        'a push captures no {body}',
        'Without the text nobody can tell whether it is the message.',
      );
    }
  }
}

const checked = (source: Source): DialectFile => {
  const [fault] = errorFinder(DialectFileSchema)(source.value);
  if (fault !== undefined) {
    const path = fault.path.map((name) => (/^\d+$/.test(name) ? Number(name) : name));
    throw source.fault(path, `${fault.path.join('.') || 'the dialect'} ${fault.text}`, REMEDY);
  }
  const file = source.value as DialectFile;
  new Checks(source, file).all();
  return file;
};

/** Reads a mapping. Throws a usage KitError that names file, line and remedy. */
export const readMapping = (path: string): DialectFile => checked(readSource(path));

/** The same of a text that was read already; `file` only names it in errors. */
export const parseMapping = (text: string, file: string): DialectFile => checked(parseSource(text, file));

/** What the module beside a mapping does with its frames. */
export const loadHooks = async (file: DialectFile, folder: string): Promise<Hooks> => {
  if (file.hooks === undefined) return {};
  const path = resolve(folder, file.hooks);
  try {
    const {
      default: main,
      incoming,
      outgoing,
    } = (await import(pathToFileURL(path).href)) as Hooks & { default?: Hooks };
    const hooks = { ...main, ...(incoming ? { incoming } : {}), ...(outgoing ? { outgoing } : {}) };
    if (hooks.incoming !== undefined || hooks.outgoing !== undefined) return hooks;
  } catch (cause) {
    const message = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
    throw new KitError('usage', `cannot load the hooks ${path}: ${message}`, 'Correct the module.', { cause });
  }
  throw new KitError(
    'usage',
    `${path} exports neither incoming nor outgoing`,
    'Export one of them, or leave hooks out.',
  );
};
