import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import t from 'tap';
import { packageRoot } from '../src/package-root.js';

/** File, what it imports, whether the layers allow that. */
const CASES: readonly [string, string, boolean][] = [
  ['schemas/a.ts', '@sinclair/typebox', true],
  ['schemas/b.ts', './a.js', true],
  ['schemas/c.ts', '../src/errors.js', false],
  ['schemas/d.ts', 'ws', false],
  ['src/wire/a.ts', '../../schemas/index.js', true],
  ['src/wire/b.ts', '../protocol/sender.js', false],
  ['src/protocol/a.ts', '../../schemas/index.js', true],
  ['src/protocol/b.ts', 'node:timers', false],
  ['src/protocol/c.ts', '../reference/server.js', false],
  ['src/history/a.ts', '../../schemas/index.js', true],
  ['src/history/b.ts', '../harness/index.js', false],
  ['src/ledger/a.ts', '../errors.js', true],
  ['src/ledger/b.ts', '../scenario/index.js', false],
  ['src/scenario/a.ts', '../wire/index.js', true],
  ['src/scenario/b.ts', '../harness/index.js', false],
  ['src/harness/a.ts', '../scenario/index.js', true],
  ['src/harness/b.ts', '../reference/server.js', false],
  ['src/harness/process/c.ts', '../../protocol/sender.js', false],
  ['src/harness/d.test.ts', '../reference/server.js', false],
  ['src/report/a.ts', '../ledger/index.js', true],
  ['src/report/b.ts', '../scenario/load.js', false],
  ['src/reference/a.ts', '../protocol/sender.js', true],
  ['src/reference/b.ts', '../history/recorder.js', false],
  ['bin/commands/a.ts', '../../src/reference/server.js', true],
  ['examples/other/a.js', 'ws', true],
  ['examples/other/b.js', '../../src/wire/index.js', false],
];

const biome = join(dirname(createRequire(import.meta.url).resolve('@biomejs/biome/package.json')), 'bin', 'biome');

t.test('the linter enforces the layers', async (t) => {
  const folder = t.testdir();
  copyFileSync(join(packageRoot, 'biome.json'), join(folder, 'biome.json'));
  for (const [file, imported] of CASES) {
    mkdirSync(join(folder, dirname(file)), { recursive: true });
    writeFileSync(join(folder, file), `import { a } from '${imported}';\na();\n`);
  }
  const run = spawnSync(process.execPath, [biome, 'lint', '--reporter=json', '--max-diagnostics=none', '.'], {
    cwd: folder,
    encoding: 'utf8',
    timeout: 60_000,
  });
  t.equal(run.status, 1, 'biome finds faults');
  for (const [file, imported, allowed] of CASES) {
    const found = run.stdout.includes(`"${file}"`) || run.stdout.includes(`"./${file}"`);
    t.equal(found, !allowed, `${file} ${allowed ? 'may' : 'may not'} import ${imported}`);
  }
});
