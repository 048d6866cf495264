import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import ts from 'typescript';
import { packageRoot } from '../src/package-root.js';
import { withBlocks } from './blocks.js';
import { checkFunctionStyle } from './function-style.js';
import { type Import, importsOf } from './imports.js';
import { checkCircles, checkLayers } from './layer-checks.js';
import { layerTable } from './layer-table.js';
import { LAYERS } from './layers.js';

const parsed = (file: string, text: string): ts.SourceFile => ts.createSourceFile(file, text, ts.ScriptTarget.Latest);

const filesOf = (texts: Readonly<Record<string, string>>): Map<string, Import[]> =>
  new Map(Object.entries(texts).map(([file, text]) => [file, importsOf(parsed(file, text))]));

/** File, what it imports, whether the layers allow that. */
const CASES: readonly [string, string, boolean][] = [
  ['schemas/a.ts', '@sinclair/typebox', true],
  ['schemas/a.ts', './a.js', true],
  ['schemas/a.ts', '../src/errors.js', false],
  ['schemas/a.ts', 'ws', false],
  ['src/errors.ts', './wire/index.js', false],
  ['src/index.ts', './wire/index.js', true],
  ['src/wire/a.ts', '../../schemas/index.js', true],
  ['src/wire/a.ts', 'ajv/dist/2020.js', true],
  ['src/wire/a.ts', '../protocol/sender.js', false],
  ['src/protocol/a.ts', '../../schemas/index.js', true],
  ['src/protocol/a.ts', 'node:timers', false],
  ['src/protocol/a.ts', 'ws', false],
  ['src/protocol/a.ts', '../reference/server.js', false],
  ['src/history/a.ts', '../../schemas/index.js', true],
  ['src/history/a.ts', '../harness/index.js', false],
  ['src/history/facts/a.ts', '../record/read.js', true],
  ['src/history/facts/a.ts', '../judges/server/core/judge.js', false],
  ['src/history/judges/server/core/a.ts', '../../../facts/message.js', true],
  ['src/history/judges/server/ordered/a.ts', '../core/acks.js', true],
  ['src/history/judges/server/ordered/a.ts', '../../findings.js', true],
  ['src/history/judges/server/ordered/a.ts', '../expiry/expiry.js', false],
  ['src/history/judges/server/core/a.ts', '../ordered/ordered.js', false],
  ['src/history/a.ts', './testing/simulated-history.js', false],
  ['src/history/a.ts', './judge.test.js', false],
  ['src/history/a.test.ts', './testing/simulated-history.js', true],
  ['bench/a.ts', '../src/history/testing/simulated-history.js', true],
  ['src/ledger/a.ts', '../errors.js', true],
  ['src/ledger/a.ts', '../script/index.js', false],
  ['src/script/a.ts', '../wire/index.js', true],
  ['src/script/a.ts', '../harness/index.js', false],
  ['src/verbs/a.ts', '../play/stage.js', true],
  ['src/play/a.ts', '../protocol/sender.js', false],
  ['src/play/a.ts', '../reference/server.js', false],
  ['src/adapters/a.ts', 'ws', false],
  ['src/harness/server/a.ts', '../../play/stage.js', true],
  ['src/harness/run/a.ts', '../server/prepare.js', false],
  ['src/harness/server/a.ts', '../run/run-suite.js', false],
  ['src/harness/a.ts', '../reference/server.js', false],
  ['src/harness/process/a.ts', '../../protocol/sender.js', false],
  ['src/harness/a.test.ts', '../reference/server.js', false],
  ['src/report/a.ts', '../ledger/index.js', true],
  ['src/report/a.ts', '../harness/index.js', false],
  ['src/report/a.test.ts', '../harness/index.js', true],
  ['src/reference/server/a.ts', '../../protocol/sender.js', true],
  ['src/reference/server/a.ts', '../../history/recorder.js', false],
  ['bin/commands/a.ts', '../../src/reference/server.js', true],
  ['bin/commands/a.ts', '../../scripts/layers.js', false],
  ['examples/other/a.js', 'ws', true],
  ['examples/other/a.js', '../../src/wire/index.js', false],
  ['examples/other/a.js', 'im-conformance', false],
  ['examples/other/a.js', 'im-conformance/client', false],
  ['examples/client-bot-js/a.js', 'im-conformance/client', true],
  ['src/report/a.ts', 'tap', false],
  ['src/report/a.test.ts', 'tap', true],
  ['src/history/testing/a.ts', 'fast-check', true],
];

t.test('the table of layers', async (t) => {
  for (const [file, imported, allowed] of CASES) {
    const faults = checkLayers(filesOf({ [file]: `import { a } from '${imported}';` }));
    t.equal(faults.length === 0, allowed, `${file} ${allowed ? 'may' : 'may not'} import ${imported}`);
  }
  const known = new Set(LAYERS.map(({ path }) => path));
  t.equal(known.size, LAYERS.length, 'each layer is listed once');
  for (const { path, may } of LAYERS) for (const other of may) t.ok(known.has(other), `${path}: ${other} is a layer`);
});

t.test('every way to import counts, with its line', async (t) => {
  const ways = [
    "import '../harness/a.js';",
    "import type { A } from '../harness/a.js';",
    "export { a } from '../harness/a.js';",
    "export * from '../harness/a.js';",
    "const a = await import('../harness/a.js');",
    "type A = import('../harness/a.js').A;",
  ];
  for (const way of ways) {
    const [fault = '', ...more] = checkLayers(filesOf({ 'src/wire/a.ts': `\n\n${way}` }));
    t.match(
      fault,
      /^src\/wire\/a\.ts:3: src\/wire may not import src\/harness\/\*: \.\.\/harness\/a\.js .*Move the code/,
      way,
    );
    t.same(more, []);
  }
});

t.test('a folder that is not listed is refused, from within and from without', async (t) => {
  t.match(checkLayers(filesOf({ 'src/attic/a.ts': '' })), [/^src\/attic\/a\.ts:1: .*no layer.*scripts\/layers\.ts/]);
  t.match(checkLayers(filesOf({ 'attic.ts': '' })), [/^attic\.ts:1: /]);
  const text = "import { a } from '../attic/a.js';";
  t.match(checkLayers(filesOf({ 'src/wire/a.ts': text })), [
    /^src\/wire\/a\.ts:1: src\/attic\/a\.js belongs to no layer/,
  ]);
});

t.test('circular imports', async (t) => {
  const circle = (text: string) =>
    checkCircles(
      filesOf({
        'src/wire/a.ts': "import { c } from './c.js';\nimport { b } from './b.js';",
        'src/wire/b.ts': "import { c } from './c.js';",
        'src/wire/c.ts': text,
      }),
    );
  t.same(circle(''), []);
  t.same(circle("import type { A } from './a.js';"), [], 'types may');
  t.same(circle("const a = () => import('./a.js');"), [], 'what is loaded later may');
  t.match(
    circle("import { a } from './a.js';"),
    [/^src\/wire\/a\.ts:1: circular import src\/wire\/a\.ts -> src\/wire\/c\.ts -> src\/wire\/a\.ts\. Move/],
    'each is told once, the shortest way round',
  );
  t.equal(circle("export * from './c.js';").length, 1, 'a file that imports itself');
});

t.test('one style of functions', async (t) => {
  const cases: [text: string, faults: number][] = [
    ['const a = () => 1;', 0],
    ['function a() {}', 1],
    ['export async function a() {}', 1],
    ['const a = () => { function b() {} };', 1],
    ['function* a() {}', 0],
    ['async function* a() {}', 0],
    ['function a(b: unknown): asserts b {}', 0],
    ['function a(b: string): void;\nfunction a(b: number): void;\nfunction a(b: unknown) {}', 0],
  ];
  for (const [text, faults] of cases) t.equal(checkFunctionStyle('a.ts', parsed('a.ts', text)).length, faults, text);
  t.match(checkFunctionStyle('a.ts', parsed('a.ts', '\nfunction b() {}')), [/^a\.ts:2: function b .*const b/]);
});

t.test('CONTRIBUTING.md shows the table', async (t) => {
  const text = readFileSync(join(packageRoot, 'CONTRIBUTING.md'), 'utf8');
  t.equal(withBlocks(text, { layers: layerTable() }), text, 'node dist/scripts/check-source.js --write renews it');
});
