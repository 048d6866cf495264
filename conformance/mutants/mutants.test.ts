import { spawnSync } from 'node:child_process';
import t from 'tap';
import { KitError } from '../../src/errors.js';
import { runSuite } from '../../src/harness/index.js';
import { readMutant } from './catalogue.js';
import { loadMutants } from './load-mutants.js';
import type { Patch } from './mutant.js';
import { applyPatch } from './patch.js';
import { controlRuns, mutantCommand, tryMutant } from './trial.js';

/** Far more than a quiet machine needs. */
const TIMEOUT_MS = 900_000;
t.setTimeout(TIMEOUT_MS);

const messageOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof KitError) return error.message;
    throw error;
  }
  return 'no error';
};

const entry = (changes: Record<string, unknown> = {}): string =>
  JSON.stringify({
    id: 'no-dedup',
    fault: 'Every copy is a new message.',
    requirement: 'IM-4.2-2',
    caughtBy: 'server/core/**',
    words: 'duplicate',
    patch: [{ file: 'src/protocol/machine.js', find: 'a', replace: 'b' }],
    ...changes,
  });

t.test('a broken catalogue is named with its file, entry and field', async (t) => {
  const patch: Patch = { file: 'src/protocol/machine.js', find: 'a', replace: 'b' };
  const cases: [string, RegExp][] = [
    [`[${entry({ requirement: 'four' })}]`, /^one\.yaml:1: mutant "no-dedup" \/0\/requirement: must match/],
    [`[${entry({ colour: 'red' })}]`, /^one\.yaml:1: mutant "no-dedup" .*colour/],
    [`[${entry({ words: undefined })}]`, /^one\.yaml:1: mutant "no-dedup" .*words/],
    [`[${entry({ patch: [] })}]`, /^one\.yaml:1: mutant "no-dedup" \/0\/patch: /],
    [`[${entry({ patch: [{ ...patch, file: '../package.json' }] })}]`, /"no-dedup" \/0\/patch\/0\/file: must match/],
    [`[${entry({ patch: [{ ...patch, find: 7 }] })}]`, /"no-dedup" \/0\/patch\/0\/find: must be string/],
    [`[${entry({ classes: ['fast'] })}]`, /"no-dedup" \/0\/classes\/0: /],
    [`[${entry({ requirement: 'IM-9-99' })}]`, /^one\.yaml:1: mutant "no-dedup" \/requirement: there is no IM-9-99/],
    [`- ${entry()}\n- ${entry()}`, /^one\.yaml:2: mutant "no-dedup" exists twice/],
    ['[', /^one\.yaml:\d+: /],
    ['hello', /^one\.yaml:1: .*must be array/],
  ];
  for (const [text, message] of cases) {
    t.match(
      messageOf(() => loadMutants(t.testdir({ 'one.yaml': text, 'notes.txt': '' }))),
      message,
    );
  }
  t.match(
    messageOf(() => loadMutants('no/such/folder')),
    /^no\/such\/folder: cannot be read/,
  );
});

t.test('a patch applies exactly once or names mutant, file and text', async (t) => {
  const patch = (find: string): Patch => ({ file: 'src/protocol/a.js', find, replace: 'no($&)' });
  t.equal(applyPatch('mutant "m"', patch('if (a)\n  b();'), 'x; if (a)   b(); y'), 'x; no($&) y');
  t.match(
    messageOf(() => applyPatch('mutant "m"', patch('c('), 'a')),
    'mutant "m": found 0 times instead of once in src/protocol/a.js: c(',
  );
  t.match(
    messageOf(() => applyPatch('mutant "m"', patch('a.'), 'a. a.')),
    'mutant "m": found 2 times instead of once in src/protocol/a.js: a.',
  );
});

t.test('an unknown mutant cannot be started', async (t) => {
  const command = mutantCommand('no-such-mutant').replace('{port}', '0').replace('{data}', t.testdir());
  const { status, stderr } = spawnSync(command, { shell: true, encoding: 'utf8' });
  t.equal(status, 2);
  t.match(stderr, /there is no mutant "no-such-mutant"/);
});

t.test('without its fault the server passes what must catch its mutants', { timeout: TIMEOUT_MS }, async (t) => {
  for (const options of controlRuns(loadMutants())) {
    const report = await runSuite(options, {}, new AbortController().signal);
    const notPassed = report.scenarios.filter((scenario) => scenario.verdict !== 'passed');
    t.strictSame(
      notPassed.map(({ id, verdict, reason, violations }) => ({ id, verdict, reason, violations })),
      [],
      options.exec ?? '',
    );
  }
});

t.test(
  'every mutant is caught by its scenario, for its requirement, in its words',
  { timeout: TIMEOUT_MS },
  async (t) => {
    t.jobs = 3;
    const mutants = loadMutants();
    for (const mutant of mutants) t.strictSame(readMutant(mutant.id), mutant, `${mutant.id} reads the same alone`);
    t.ok(mutants.length >= 25, `${mutants.length} mutants`);
    let caught = 0;
    const trials = mutants.map((mutant) =>
      t.test(`${mutant.id}: ${mutant.fault}`, { buffered: true, timeout: TIMEOUT_MS }, async (t) => {
        const verdict = await tryMutant(mutant, new AbortController().signal);
        if (verdict.caught) caught++;
        t.ok(verdict.caught, verdict.why);
      }),
    );
    await Promise.all(trials);
    t.comment(`mutation score: ${caught} of ${mutants.length}`);
  },
);
