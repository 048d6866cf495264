import { spawnSync } from 'node:child_process';
import t from 'tap';
import { chance, scoreOf, selfTestText } from '../../bin/run/self-test-table.js';
import { type MutantResult, type Report, type SelfTest, SelfTestSchema, type Violation } from '../../schemas/index.js';
import { withBlocks } from '../../scripts/blocks.js';
import { renewedFigures } from '../../scripts/figures.js';
import { KitError } from '../../src/errors.js';
import { whyNoClock } from '../../src/harness/index.js';
import { plainPaint } from '../../src/report/index.js';
import { validator } from '../../src/wire/index.js';
import { loadMutants } from './load-mutants.js';
import { readMeasured, staleFigures } from './measured.js';
import type { Mutant } from './mutant.js';
import { builtFile } from './runs.js';
import { chooseMutants, isPerfect, selfTest } from './self-test.js';
import { judgeMutant, judgeWhole } from './trial.js';

/** Far more than a quiet machine needs. */
const TIMEOUT_MS = 900_000;
t.setTimeout(TIMEOUT_MS);

/**
 * What a fault breaks first may depend on which of two packets overtakes the other, and a machine may have its own order
 * in each run. So a few may accuse a consequence before the fault, and are named; none may pass.
 */
const MOST_MISLED = 0.01;

/** CI has two cores, and most of what a mutant takes is waiting. */
const MUTANTS_AT_ONCE = 6;

/** What CI's tenth of them must have at least, so that a list that lost its mutants is no success. */
const LEAST_OF_A_SAMPLE = 50;

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
  const patch: Mutant['patch'][number] = { file: 'src/protocol/machine.js', find: 'a', replace: 'b' };
  const cases: [string, RegExp][] = [
    [`[${entry({ requirement: 'four' })}]`, /^one\.yaml:1: mutant "no-dedup" \/0\/requirement: must match/],
    [`[${entry({ colour: 'red' })}]`, /^one\.yaml:1: mutant "no-dedup" .*colour/],
    [`[${entry({ words: undefined })}]`, /^one\.yaml:1: mutant "no-dedup" .*words/],
    [`[${entry({ patch: [] })}]`, /^one\.yaml:1: mutant "no-dedup" \/0\/patch: /],
    [`[${entry({ patch: [{ ...patch, file: '../package.json' }] })}]`, /"no-dedup" \/0\/patch\/0\/file: must match/],
    [`[${entry({ patch: [{ ...patch, find: 7 }] })}]`, /"no-dedup" \/0\/patch\/0\/find: must be string/],
    [`[${entry({ classes: ['fast'] })}]`, /"no-dedup" \/0\/classes\/0: /],
    [`[${entry({ requirement: 'IM-9-99' })}]`, /^one\.yaml:1: mutant "no-dedup" \/requirement: there is no IM-9-99/],
    [
      `[${entry({ caughtBy: 'server/core/none*' })}]`,
      /"no-dedup" \/caughtBy: "server\/core\/none\*" matches no scenario/,
    ],
    [
      `[${entry({ caughtBy: 'server/core/most-of-a-day-later' })}]`,
      /"no-dedup" \/needs: server\/core\/most-of-a-day-later sets a clock: write needs: clock/,
    ],
    [`[${entry({ needs: 'clock' })}]`, /"no-dedup" \/needs: server\/core\/\*\* sets no clock: take needs out/],
    [`[${entry({ subtle: true })}]`, /"no-dedup" \/0\/subtle: must be string/],
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

t.test('an unknown mutant cannot be started', async (t) => {
  const words = [builtFile('conformance/mutants/run.js'), 'no-such-mutant', '--port', '0'];
  const { status, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' });
  t.equal(status, 2);
  t.match(stderr, /there is no mutant "no-such-mutant"/);
});

t.test('the published figures are those of the data, and the data those of the catalogue', async (t) => {
  const mutants = loadMutants();
  const measured = readMeasured();
  t.strictSame(staleFigures(mutants, measured), []);
  const { before, after } = renewedFigures();
  t.equal(after, before, 'node dist/scripts/generated-blocks.js --write renews it');

  const [first, ...others] = mutants.filter(({ subtle }) => subtle !== undefined) as [Mutant, ...Mutant[]];
  const { subtle: _, ...plain } = first;
  const cases: [Mutant[], Partial<SelfTest>, RegExp][] = [
    [[first, ...others], { mutants: measured.mutants.filter(({ id }) => id !== first.id) }, /is subtle, and was not/],
    [[{ ...first, fault: 'Another fault than before.' }, ...others], {}, /has changed since it was measured/],
    [[{ ...first, patch: [] }, ...others], {}, /has changed since it was measured/],
    [[plain, ...others], {}, /was measured, and is no subtle mutant/],
    [[first, ...others], { complete: false }, /was interrupted/],
  ];
  for (const [given, changes, words] of cases) t.match(staleFigures(given, { ...measured, ...changes }), [words]);
  t.match(
    messageOf(() => withBlocks('<!-- a: generated -->', { a: [] })),
    'the block "a" has no place',
  );
  t.match(
    messageOf(() => readMeasured('no/such/file')),
    'no/such/file cannot be read',
  );
});

t.test('globs choose mutants, and a typo is an error', async (t) => {
  const all = loadMutants();
  t.strictSame(chooseMutants(all, [], false), all, 'all of them, when nothing is said');
  t.strictSame(
    chooseMutants(all, ['no-dedup', 'no-tim*'], false)
      .map(({ id }) => id)
      .sort(),
    ['no-dedup', 'no-timer'],
  );
  t.match(
    messageOf(() => chooseMutants(all, ['no-dedup', 'nodedup'], true)),
    '--only "nodedup" matches no mutant',
  );
});

/** `2/3`: the second of three equal samples, so that a run of CI stays short. By default all of them. */
const sampleOf = (mutants: readonly Mutant[], sample = '1/1'): Mutant[] => {
  const [, part = '', parts = ''] = /^([1-9]\d*)\/([1-9]\d*)$/.exec(sample) ?? [];
  if (part === '' || Number(part) > Number(parts)) throw new Error(`IM_MUTANTS=${sample}: write it as 1/3, 2/3 or 3/3`);
  return mutants.filter((_, index) => index % Number(parts) === Number(part) - 1);
};

t.test('samples are disjoint and together all', async (t) => {
  const all = loadMutants();
  const samples = ['1/3', '2/3', '3/3'].map((sample) => sampleOf(all, sample));
  t.same(new Set(samples.flat()), new Set(all));
  t.equal(samples.flat().length, all.length);
  for (const bad of ['0/3', '4/3', '3', 'a/b']) t.throws(() => sampleOf(all, bad), { message: /write it as/ });
});

t.test('the kit catches every mutant for its own reason, and passes the subject without a fault', async (t) => {
  const mutants = sampleOf(loadMutants(), process.env.IM_MUTANTS);
  t.ok(mutants.length >= LEAST_OF_A_SAMPLE, `${mutants.length} mutants`);
  const { signal } = new AbortController();
  const result = await selfTest(mutants, { concurrency: MUTANTS_AT_ONCE, whyNoClock: whyNoClock() }, {}, signal);
  if (process.env.IM_REQUIRE_ALL === '1') t.strictSame(result.untested, []);
  for (const { id, why } of result.untested) t.pass(id, { skip: why });
  t.strictSame(validator(SelfTestSchema)(result), []);
  t.strictSame(result.control.problems, [], 'the subject without a fault');
  for (const { id, fault, caught, survived } of result.mutants) t.ok(caught > 0, `${id}: ${fault}`, { survived });
  const misled = result.mutants
    .filter(({ right }) => right === 0)
    .map((one) => `${one.id} breaks ${one.requirement}, and ${one.misled?.join(', ')} is accused first`);
  t.ok(result.complete, 'every mutant was tested');
  t.ok(
    misled.length <= result.mutants.length * MOST_MISLED,
    [scoreOf(result), `machine: ${result.cores} cores, load ${result.load}`, ...misled].join('; '),
  );
});

const neverStarts: Mutant['patch'][number] = {
  file: 'src/reference/server/registry.js',
  find: 'export class Registry',
  replace: "throw new Error('it is broken');\nexport class Registry",
};

t.test('a self-test with patches that do not fit any more does not start, and names them all', async (t) => {
  const [one, other] = chooseMutants(loadMutants(), ['no-dedup', 'no-timer'], false) as [Mutant, Mutant];
  const stale = [one, other].map((mutant) => ({ ...mutant, patch: [{ ...neverStarts, find: 'never there' }] }));
  const { signal } = new AbortController();
  await t.rejects(selfTest(stale, { concurrency: 2 }, {}, signal), {
    message: /^2 of 2 cannot be tested:\nmutant ".*": found 0 times.*\nmutant ".*": found 0 times/,
    code: 'usage',
  });
});

t.test('what this machine cannot test is named, and does not count', async (t) => {
  const all = loadMutants();
  const whyNoClock = 'the clock is not installed';
  const { signal } = new AbortController();
  const mixed = chooseMutants(all, ['no-dedup', 'timers-follow-*', 'acks-are-known-*'], false);
  const result = await selfTest(mixed, { concurrency: 2, whyNoClock }, {}, signal);
  t.strictSame(validator(SelfTestSchema)(result), []);
  t.strictSame(
    result.mutants.map(({ id }) => id),
    ['no-dedup'],
  );
  t.ok(isPerfect(result));
  const text = selfTestText(result, plainPaint, 120);
  t.match(
    text,
    /^not tested: acks-are-known-for-an-hour, timers-follow-the-time-of-day: the clock is not installed\n1 of 1/m,
  );
  const clocks = mixed.filter(({ needs }) => needs === 'clock');
  await t.rejects(selfTest(clocks, { concurrency: 2, whyNoClock }, {}, signal), {
    message: 'acks-are-known-for-an-hour cannot be tested: the clock is not installed',
    code: 'usage',
  });
});

t.test('a mutant that nothing catches survives, with what was expected and what was seen', async (t) => {
  const [mutant] = chooseMutants(loadMutants(), ['no-dedup'], false);
  const harmless = {
    ...(mutant as Mutant),
    words: 'words that no failure has',
    caughtBy: 'server/core/plain-exchange',
  };
  const broken = { ...harmless, id: 'never-starts', patch: [neverStarts] };
  const { signal } = new AbortController();
  const result = await selfTest([harmless, broken], { concurrency: 2 }, {}, signal);
  t.notOk(isPerfect(result));
  t.strictSame(
    result.mutants.map(({ id, runs, caught }) => [id, runs, caught]),
    [
      ['no-dedup', 6, 0],
      ['never-starts', 6, 0],
    ],
    'two runs beside others, and four alone',
  );
  const text = selfTestText(result, plainPaint, 120);
  t.match(
    text,
    /SURVIVED no-dedup: .*\n {2}expected {2}IM-4.2-2 with "words that no failure has", by server\/core\/plain/,
  );
  t.match(text, /seen +server\/core\/plain-exchange: passed/);
  t.match(text, /SURVIVED never-starts: .*\n.*\n {2}seen (.*\n){1,4}.*it is broken/);
  t.match(
    text,
    /^0 of 2 mutants caught \(0 %\), 0 accused of their fault first \(0 %\); the subject without a fault passed 1 scenario;/m,
  );
});

t.test('a mutant is caught in its own words, by what was seen and not by what the script waits for', async (t) => {
  const mutant = { requirement: 'IM-4.2-9', words: 'msg:N of m1' } as Mutant;
  const report = (violation: Partial<Violation>, requirement = 'IM-4.2-9'): Report => {
    const base = { requirement, message: 'the server is odd', expected: 'it is not', seen: 'it is', where: 'here' };
    return {
      scenarios: [{ id: 'a', violations: [{ ...base, ...violation }], warnings: [] }],
      problems: [],
    } as unknown as Report;
  };
  const step = { step: '1.6', message: 'step 1.6 was missed: bob: { gets: msg:N of m1 }' };
  const cases: [caught: boolean, report: Report][] = [
    [true, report({ expected: 'no msg:N of m1' })],
    [true, report({ where: 'never a msg:N of m1' })],
    [false, report({})],
    [false, report({ expected: 'no msg:N of m1' }, 'IM-4.2-8')],
    [false, report({ ...step, expected: 'bob gets msg:N of m1', seen: 'a close' })],
    [true, report({ ...step, seen: 'another msg:N of m1' })],
  ];
  for (const [caught, given] of cases) t.equal(judgeMutant(mutant, given).caught, caught);
  const hint = /^the words stand only in what the step waits for/;
  t.match(judgeMutant(mutant, report(step)), { caught: false, seen: hint });
  t.notMatch(judgeMutant(mutant, report({})), { seen: hint });
});

t.test('what the first failure accuses is the fault, or what its entry calls the same', async (t) => {
  const because = 'a server that does the one does the other, too';
  const mutant = {
    requirement: 'IM-4.2-9',
    words: 'lost',
    equivalents: [{ requirement: 'IM-3-1', because }],
  } as Mutant;
  const failed = (id: string, ...requirements: string[]) => ({
    id,
    violations: requirements.map((requirement) => ({ requirement, message: 'm-1 was lost', expected: '', seen: '' })),
    warnings: [],
  });
  const reportOf = (...scenarios: unknown[]) => ({ scenarios, problems: [] }) as unknown as Report;
  const cases: [report: Report, aimed: string | undefined, whole: string | undefined][] = [
    [reportOf(failed('a', 'IM-4.2-9')), undefined, undefined],
    [reportOf(failed('a', 'IM-3-1', 'IM-4.2-9')), undefined, undefined],
    [reportOf(failed('a', 'IM-2-3', 'IM-4.2-9')), 'IM-2-3', 'IM-2-3'],
    [reportOf(failed('a', 'IM-2-3', 'IM-4.2-9'), failed('b', 'IM-4.2-9')), undefined, 'IM-2-3'],
    [reportOf(failed('a', 'IM-2-3'), failed('b', 'IM-4.2-9'), failed('c', 'IM-4.2-9')), undefined, undefined],
  ];
  for (const [report, aimed, whole] of cases) {
    t.match(judgeMutant(mutant, report), { caught: true, misled: aimed });
    t.match(judgeWhole(mutant, report), { caught: true, misled: whole });
  }
  t.match(judgeWhole(mutant, reportOf(failed('a'))), { caught: false, seen: /no scenario/ });
});

t.test('an interrupted self-test ends at once, and is no perfect score', async (t) => {
  const mutants = chooseMutants(loadMutants(), ['no-timer', 'no-dedup'], false);
  for (const moment of ['the subject without a fault', 'no-timer']) {
    const controller = new AbortController();
    const onProgress = ({ running }: { running: string[] }) => {
      if (running.includes(moment)) controller.abort();
    };
    const result = await selfTest(mutants, { concurrency: 2 }, { onProgress }, controller.signal);
    t.strictSame({ complete: result.complete, mutants: result.mutants }, { complete: false, mutants: [] }, moment);
    t.notOk(isPerfect(result));
    t.match(selfTestText(result, plainPaint, 80), /interrupted: mutants are missing\n$/);
  }
});

t.test('the score is never rounded up, and a measured mutant tells how often it was caught', async (t) => {
  const result = (changes: Partial<MutantResult>): MutantResult => ({
    id: 'm',
    fault: 'Does something wrong, in a sentence that is too long for its column and is broken therefore.',
    requirement: 'IM-2-2',
    caughtBy: 'server/core/x',
    fingerprint: 'abc',
    runs: 1,
    caught: 1,
    right: 1,
    by: ['server/core/x'],
    ...changes,
  });
  const many = Array.from({ length: 2_000 }, (_, i) => result(i === 0 ? { caught: 0, right: 0, by: [] } : {}));
  t.equal(
    scoreOf({ mutants: many }),
    '1999 of 2000 mutants caught (99.9 %), 1999 accused of their fault first (99.9 %)',
  );
  t.equal(chance(result({ runs: 20, caught: 18 })), '18 of 20 (90 %)');
  t.equal(chance(result({ runs: 3, caught: 1 })), '1 of 3', 'too few for a share');
  t.equal(chance(result({})), '');
});
