import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { KitError } from '../../src/errors.js';
import { loadMutants } from '../mutants/load-mutants.js';
import { loadVariants } from '../variants/load-variants.js';
import { type Joined, joinModules } from './join-modules.js';
import { applyPatch, type Patch } from './patch.js';
import { serverFile, serverText } from './server-file.js';
import { stalePatches } from './stale.js';

const messageOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof KitError) return error.message;
    throw error;
  }
  return 'no error';
};

t.test('every patch of every mutant and variant fits the compiled server', async (t) => {
  t.strictSame(stalePatches('mutant', loadMutants()), []);
  t.strictSame(stalePatches('variant', loadVariants()), []);
});

t.test('a patch that does not fit is named with its owner, its file and its text', async (t) => {
  const file = 'src/protocol/decide-ack.js';
  const find = "unacked: { status: 'ok' },";
  const cases: [patch: Patch, said: string | RegExp][] = [
    [{ file, find, replace: 'unacked: {},' }, ''],
    [{ file: 'src/protocol/gone.js', find, replace: '' }, 'mutant "m": there is no src/protocol/gone.js'],
    [{ file, find: 'c(', replace: '' }, `mutant "m": found 0 times instead of once in ${file}: c(`],
    [{ file, find: 'status:', replace: '' }, /^mutant "m": found \d times instead of once in .*: status:$/],
    [{ file, find, replace: 'unacked: {' }, /^mutant "m": what it makes does not parse: /],
    [{ file, find: 'export const decideAck', replace: 'export default' }, /cannot be joined: export default/],
  ];
  for (const [patch, said] of cases) {
    const [stale = ''] = stalePatches('mutant', [{ id: 'm', patch: [patch] }]);
    t.match(stale, said);
  }
  t.equal(applyPatch('m', { file, find: 'if (a)\n  b();', replace: 'no($&)' }, 'x; if (a)   b(); y'), 'x; no($&) y');
});

t.test('modules are joined into one file, and keep the rules of modules', async (t) => {
  const join = (modules: Record<string, string>): Joined =>
    joinModules('a.js', fileURLToPath(import.meta.url), (path) => modules[path] ?? '');
  const joined = join({
    'a.js':
      "import { join as glue } from 'node:path';\nimport { b, d } from './deep/b.js';\nexport { b } from './deep/b.js';\nexport const said = glue('x', b, d);\nexport * from './deep/d.js';",
    'deep/b.js': "export { c as b } from '../c.js';\nexport * from './d.js';",
    'c.js': "export const c = 'c';",
    'deep/d.js': "export const d = 'd';\nexport {};",
  });
  const module: { exports: object } = { exports: {} };
  new Function('require', 'module', joined.text)(createRequire(import.meta.url), module);
  t.strictSame(module.exports, { d: 'd', b: 'c', said: 'x/c/d' });
  t.strictSame(joined.exports.sort(), Object.keys(module.exports).sort());
  const cases: [modules: Record<string, string>, said: string][] = [
    [{ 'a.js': "import { b } from './b.js';" }, 'a.js: b.js exports no b'],
    [{ 'a.js': "import './b.js';", 'b.js': "import './a.js';" }, 'a.js imports itself by way of a.js, b.js'],
    [{ 'a.js': "import b from './b.js';" }, "a.js cannot be joined: import b from './b.js';"],
  ];
  for (const [modules, message] of cases) {
    t.equal(
      messageOf(() => join(modules)),
      message,
    );
  }
  t.match(
    messageOf(() => serverText('m', [{ file: 'src/no-such.js', find: 'a', replace: 'b' }])),
    'm: there is no src/no-such.js',
  );
});

t.test('the one file starts, ends on SIGTERM, says what makes no sense, and is removed', async (t) => {
  const server = serverFile('the server', []);
  const start = async (...words: string[]) => {
    const child = spawn(process.execPath, [server.file, '--port', '0', ...words], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const output = { out: '', err: '' };
    child.stderr.on('data', (text) => {
      output.err += text;
    });
    child.stdout.on('data', (text) => {
      output.out += text;
      child.kill('SIGTERM');
    });
    const [code] = await once(child, 'close');
    return { code, ...output };
  };
  const durable = ['--data', t.testdir(), '--jwt-secret', 'secret', '--class', 'core,durable,secured'];
  t.match(await start(...durable), { code: 0, out: /^listening on ws:/, err: /^$/ });
  t.match(await start('--max-inbox', 'many'), { code: 2, err: /--max-inbox is "many"/ });
  t.match(await start('--colour', 'red'), { code: 2, err: /--colour/ });
  t.match(await start('--class', 'durable'), { code: 2, err: /the class core is missing/ });
  server.remove();
  t.notOk(existsSync(dirname(server.file)));
});
