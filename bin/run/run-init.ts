import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { KitError } from '../../src/errors.js';
import { EXIT } from '../../src/harness/options.js';
import { checkConfig } from '../../src/options/settings.js';
import { tell } from '../failure.js';
import { answersFrom, type InitOptions } from './init/answers.js';
import { configOf, filesOf, type NewFile, nextSteps } from './init/files.js';
import { Cancelled, Questions, type Terminal } from './init/questions.js';

/** Where it happens. */
export interface InitPlace {
  folder: string;
  /** Absent where nobody can be asked. */
  terminal: Terminal | undefined;
  /** Where it is told what was done. */
  write: (text: string) => Promise<void>;
}

const codeOf = (cause: unknown): string => (cause as NodeJS.ErrnoException).code ?? 'unwritable';

/** Those that may be written: a person is asked for each that is there, and without one nothing is written at all. */
const allowed = async (
  files: readonly NewFile[],
  folder: string,
  force: boolean,
  ask: Questions | undefined,
): Promise<NewFile[]> => {
  const kept = new Set<string>();
  for (const { path } of files) {
    if (force || !existsSync(join(folder, path))) continue;
    if (ask === undefined) {
      throw new KitError(
        'usage',
        `${path} is there already, so nothing was written`,
        'Remove it, or overwrite it with --force.',
      );
    }
    if (!(await ask.yes(`${path} is there already. Overwrite it?`))) kept.add(path);
  }
  return files.filter(({ path }) => !kept.has(path));
};

const writeFiles = (files: readonly NewFile[], folder: string, overwritten: ReadonlySet<string>): void => {
  const done: string[] = [];
  for (const { path, text } of files) {
    try {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      // What came into being meanwhile is nobody's to overwrite.
      writeFileSync(join(folder, path), text, { flag: overwritten.has(path) ? 'w' : 'wx' });
      done.push(path);
    } catch (cause) {
      const before = done.length === 0 ? 'Nothing was written.' : `${done.join(' and ')} was written before.`;
      const remedy = `${before} Make the folder writable, or start init in another one.`;
      throw new KitError('usage', `cannot write ${path} (${codeOf(cause)})`, remedy, { cause });
    }
  }
};

const report = (files: readonly NewFile[], all: readonly NewFile[], next: readonly string[]): string => {
  const kept = all.filter((file) => !files.includes(file));
  return [
    ...files.map(({ path }) => `wrote ${path}`),
    ...kept.map(({ path }) => `kept  ${path}`),
    '',
    ...next.map((line) => `next: ${line}`),
    '',
  ].join('\n');
};

const ask = async (options: InitOptions, { folder, write }: InitPlace, questions: Questions | undefined) => {
  const answers = await answersFrom(options, folder, questions);
  // What is written must be what a run accepts.
  checkConfig(configOf(answers), 'the configuration');
  const all = filesOf(answers, folder);
  const there = new Set(all.map(({ path }) => path).filter((path) => existsSync(join(folder, path))));
  const files = await allowed(all, folder, options.force === true, questions);
  questions?.close();
  writeFiles(files, folder, there);
  const next = nextSteps(
    answers,
    files.map(({ path }) => path),
    folder,
  );
  await write(report(files, all, next));
};

/** `im-conformance init`. Returns the exit code; writes all of its files at the end, or none. Throws a usage KitError. */
export const runInit = async (options: InitOptions, place: InitPlace): Promise<number> => {
  const questions = options.yes === true || place.terminal === undefined ? undefined : new Questions(place.terminal);
  try {
    await ask(options, place, questions);
    return EXIT.conforms;
  } catch (cause) {
    if (!(cause instanceof Cancelled)) throw cause;
    tell('interrupted: nothing was written');
    return EXIT.interrupted;
  } finally {
    questions?.close();
  }
};
