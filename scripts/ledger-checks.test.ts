import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { CLIENT_PACKETS, DescriptionSchema, type Report, SERVER_PACKETS } from '../schemas/index.js';
import { packageRoot } from '../src/package-root.js';
import { decodePacket, validator } from '../src/wire/index.js';
import { APPENDIX, checkReport, checkScenarios, checkText, renderAppendix } from './ledger-checks.js';
import { checkMutants } from './mutant-checks.js';
import { parseLedger, readLedger } from './parse-ledger.js';

const entry = (id: string, extra = '', level = 'MUST') => `- id: ${id}
  level: ${level}
  role: server
  class: core
  section: '1'
  rests: [wire]
  sentence: A server ${level} do ${id}.
${extra}`;
const ledger = parseLedger(
  [
    entry('IM-1-1'),
    entry('IM-1-2', '  reason: because\n'),
    entry('IM-1-3', '  unobserved: nobody can see it\n'),
    entry('IM-1-4', '', 'SHOULD'),
  ].join(''),
  'l.yaml',
);
const good = [
  '# 1. A section',
  '- **[IM-1-1]** A server MUST do IM-1-1.',
  '- **[IM-1-2]** A server MUST do IM-1-2.',
  '  *Why:* because',
  '- **[IM-1-3]** A server MUST do IM-1-3.',
  '- **[IM-1-4]** A server SHOULD do IM-1-4.',
  '',
  'It MAY do more, and "MUST" is only a word here.',
];
const specDir = join(packageRoot, 'spec');

t.test('the specification agrees with its ledger', async (t) => {
  const files = new Map(
    readdirSync(specDir)
      .filter((name) => name.endsWith('.md'))
      .map((name) => [name, readFileSync(join(specDir, name), 'utf8')]),
  );
  t.same(checkText(readLedger(), files), []);
});

t.test('every packet and description in the text is valid', async (t) => {
  const lines = readFileSync(join(specDir, '7-traces.md'), 'utf8').split('\n');
  const frames = lines.flatMap((line) => {
    const [, by, text] = /^ *\d+ +(\w+) → \w+ +(\{.*\})$/.exec(line) ?? [];
    return by && text ? [{ by, text }] : [];
  });
  t.ok(frames.length >= 25, `${frames.length} frames`);
  t.equal(frames.length, lines.filter((line) => line.includes('{"type"')).length, 'no frame escapes the pattern');
  for (const { by, text } of frames) {
    const decoded = decodePacket(text, by === 'server' ? SERVER_PACKETS : CLIENT_PACKETS);
    t.ok(decoded.ok, decoded.ok ? text : `${decoded.errors.join('; ')}: ${text}`);
  }
  const [, json = ''] = /```json\n([^`]*)```/.exec(readFileSync(join(specDir, '6-description.md'), 'utf8')) ?? [];
  t.same(validator(DescriptionSchema)(JSON.parse(json)), []);
});

t.test('differences between text and ledger are named', async (t) => {
  const check = (lines: string[], name = '1-connection.md', appendix = renderAppendix(ledger)) =>
    checkText(
      ledger,
      new Map([
        [name, lines.join('\n')],
        [APPENDIX, appendix],
      ]),
    );
  const change = (from: string, to: string) => good.map((line) => line.replace(from, to));
  t.same(check(good), []);
  const cases: [string, string[], RegExp][] = [
    ['not in the text', good.slice(0, 5), /IM-1-4 is not in the text/],
    [
      'not in the ledger',
      [...good, '- **[IM-1-9]** A server MUST do more.'],
      /1-connection\.md:9: IM-1-9 is not in the ledger/,
    ],
    ['a mention of nothing', [...good, 'See IM-7-7.'], /IM-7-7 is not in the ledger/],
    [
      'another sentence',
      change('do IM-1-1.', 'do it.'),
      /:2: IM-1-1 differs from the ledger, which says: A server MUST do IM-1-1\./,
    ],
    ['another reason', change('because', 'why not'), /:3: the "Why" of IM-1-2 differs/],
    ['a reason too many', [...good.slice(0, 2), '  *Why:* no', ...good.slice(2)], /the "Why" of IM-1-1 differs/],
    ['repeated', [...good, good[1] ?? ''], /:9: IM-1-1 repeats the one at spec\/1-connection\.md:2/],
    ['a loose keyword', [...good, '', 'It MUST NOT.'], /:10: "MUST" stands outside/],
  ];
  for (const [name, lines, pattern] of cases) t.match(check(lines).join('\n'), pattern, name);
  t.match(check(good, '2-packets.md'), [/IM-1-1 stands in the wrong section/]);
  t.match(check(good, '1-connection.md', 'old'), [/appendix-requirements\.md is stale/]);
});

t.test('scenarios prove what is there, and everything that can be proven', async (t) => {
  const scenario = (...proves: string[]) => ({
    file: 'x.yaml',
    role: 'server',
    class: 'core',
    proves: [...proves, 'IM-1-4'],
  });
  t.same(checkScenarios(ledger, [scenario('IM-1-1'), scenario('IM-1-2')]), []);
  t.match(checkScenarios(ledger, [{ ...scenario(), proves: ['IM-1-1', 'IM-1-2'] }]), [/IM-1-4 .*by no scenario/]);
  t.same(checkScenarios(ledger, []), [], 'a class without scenarios is not judged');
  t.match(checkScenarios(ledger, [scenario('IM-1-1')]), [/IM-1-2 \(core\) is proven by no scenario/]);
  t.match(checkScenarios(ledger, [scenario('IM-1-1', 'IM-1-2', 'IM-9-1')]), [
    /x\.yaml: proves IM-9-1, which is not in the ledger/,
  ]);
  t.match(checkScenarios(ledger, [scenario('IM-1-1', 'IM-1-2', 'IM-1-3')]), [
    /IM-1-3, which the ledger calls unobserved/,
  ]);
});

t.test('every rule is broken by a mutant, and every scenario catches one', async (t) => {
  const mutant = (requirement: string, caughtBy: string) => ({ requirement, caughtBy });
  const mutants = [mutant('IM-1-1', 'server/core/a#cell'), mutant('IM-1-2', 'server/core/b*')];
  const odd = [{ scenario: 'server/core/c', why: 'because' }];
  const ids = ['server/core/a', 'server/core/bee', 'server/core/c'];
  t.same(checkMutants(ledger, ids, mutants, odd), []);
  t.match(checkMutants(ledger, ids, mutants.slice(1), odd), [
    /IM-1-1 is broken by no mutant/,
    /core\/a\.yaml: catches no mutant/,
  ]);
  t.match(checkMutants(ledger, ids, mutants, []), [/core\/c\.yaml: catches no mutant/]);
  t.match(checkMutants(ledger, ids.slice(0, 2), mutants, odd), [/there is no scenario server\/core\/c/]);
  t.match(checkMutants(ledger, ids, [...mutants, mutant('IM-1-1', 'server/core/c')], odd), [/take it out/]);
});

t.test('a run must exercise what its scenarios prove', async (t) => {
  const result = (id: string, proves: string[], exercised: Record<string, number>, verdict = 'passed') => ({
    id,
    proves,
    exercised,
    verdict,
  });
  const report = (scenarios: unknown[], changes = {}) =>
    ({ complete: true, subject: { role: 'server', classes: ['core'] }, scenarios, ...changes }) as unknown as Report;
  const both = { 'IM-1-1': 1, 'IM-1-2': 3, 'IM-1-4': 1 };
  t.same(checkReport(ledger, report([result('a', ['IM-1-1'], both)])), []);
  t.same(
    checkReport(
      ledger,
      report([
        result('a#1', ['IM-1-1', 'IM-1-2'], { 'IM-1-1': 1, 'IM-1-4': 1 }),
        result('a#2', ['IM-1-1', 'IM-1-2'], { 'IM-1-2': 1 }),
      ]),
    ),
    [],
    'the cells of a matrix share what their file proves',
  );
  t.match(checkReport(ledger, report([result('a', ['IM-1-1', 'IM-1-4'], { ...both, 'IM-1-4': 0 })])), [
    /^a: says that it proves IM-1-4, but never/,
    /IM-1-4 \(core\) was exercised by no scenario/,
  ]);
  t.match(checkReport(ledger, report([result('a', ['IM-1-1'], { 'IM-1-1': 1, 'IM-1-4': 1 })])), [
    /IM-1-2 \(core\) was exercised by no scenario/,
  ]);
  t.match(checkReport(ledger, report([result('a', [], { ...both, 'IM-1-3': 1 })])), [
    /IM-1-3 was exercised, but the ledger calls it unobserved/,
  ]);
  t.match(checkReport(ledger, report([result('a', [], { ...both, 'IM-8-8': 1 })])), [
    /IM-8-8 was exercised, but is not in the ledger/,
  ]);
  t.match(checkReport(ledger, report([result('a', [], both, 'error')])), [
    /IM-1-1 .*by no scenario/,
    /IM-1-2 .*by no scenario/,
    /IM-1-4 .*by no scenario/,
  ]);
  t.match(checkReport(ledger, report([], { complete: false })), [/interrupted/]);
  t.match(checkReport(ledger, report([], { selection: { only: ['a'], skip: [], allowUnproven: false } })), [/--only/]);
});
