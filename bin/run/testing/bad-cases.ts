import { join } from 'node:path';
import type { Test } from 'tap';
import { ReportSchema } from '../../../schemas/index.js';
import { defined } from '../../../src/defined.js';
import { type BadKind, startBadSubject } from '../../../src/harness/testing/bad-subjects.js';
import { validator } from '../../../src/wire/index.js';
import { FILES, type Outcome, run } from './run-kit.js';

const SIDE_BY_SIDE = 4;

/** What a test folder may hold. */
type Fixture = string | Buffer | { [name: string]: Fixture };

/** One bad input, and what a person must see of it. */
export interface Case {
  name: string;
  /** A bad server of this kind in this process; its URL is the first word. */
  subject?: BadKind;
  /** The other scheme than the right one. */
  swapped?: boolean;
  exec?: string;
  words?: readonly string[];
  redirect?: string;
  /** Several: what a machine that is busy cannot judge ends with 4. */
  code: number | readonly number[];
  /** On stderr. */
  says?: RegExp | readonly RegExp[];
  /** Requirements, one of which must be among the violations. */
  broken?: readonly string[];
  check?: (t: Test, outcome: Outcome) => void;
}

const swapScheme = (url: string): string =>
  url.startsWith('wss:') ? url.replace('wss:', 'ws:') : url.replace('ws:', 'wss:');

const playCase = async (t: Test, one: Case, folder: string): Promise<void> => {
  const subject = one.subject === undefined ? undefined : await startBadSubject(one.subject);
  try {
    const url = subject && (one.swapped ? swapScheme(subject.url) : subject.url);
    const exec = one.exec === undefined ? [] : ['--exec', one.exec];
    const words = [...(url === undefined ? [] : [url]), ...exec, ...(one.words ?? [])];
    const outcome = await run(defined({ words, folder, redirect: one.redirect }));
    const told = `${one.name}: ${outcome.stderr.slice(0, 1_000)}`;
    t.ok([one.code].flat().includes(outcome.code ?? -1), `${told}: exit code ${outcome.code}`);
    for (const says of [one.says ?? []].flat()) t.match(outcome.stderr, says, `${one.name}: words`);
    t.notMatch(outcome.stderr, /fault of the kit|at .*\.js:\d+/, `${one.name}: no stack`);
    t.same(outcome.survivors, [], `${one.name}: no process is left`);
    t.ok(outcome.report, `${one.name}: the report is written`);
    t.same(validator(ReportSchema)(outcome.report), [], `${one.name}: the report is valid`);
    t.equal(outcome.report?.exitCode, outcome.code, `${one.name}: the report has the exit code`);
    if (one.broken !== undefined && outcome.code === 1) {
      const [result] = outcome.report?.scenarios ?? [];
      t.equal(result?.verdict, 'failed', `${one.name}: verdict, ${result?.reason}`);
      const ids = result?.violations.map((violation) => violation.requirement) ?? [];
      t.ok(
        ids.some((id) => one.broken?.includes(id)),
        `${one.name}: ${one.broken.join(' or ')} among ${ids.join(', ')}`,
      );
    } else if (outcome.code === 2 || outcome.code === 3) {
      t.equal(outcome.report?.problems.length, 1, `${one.name}: one problem`);
    }
    one.check?.(t, outcome);
  } finally {
    await subject?.close();
  }
};

/** Plays all cases, a few at a time, each in a folder of its own. `extra`: files in the folder above. */
export const playCases = async (
  t: Test,
  cases: readonly Case[],
  extra: Record<string, Fixture> = {},
): Promise<void> => {
  const own = Object.fromEntries(cases.map((_, index) => [`case-${index}`, { ...FILES }]));
  const folders = t.testdir({ ...extra, ...own });
  const queue = cases.map((one, index) => ({ one, folder: join(folders, `case-${index}`) }));
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next; next = queue.shift()) await playCase(t, next.one, next.folder);
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, worker));
};
