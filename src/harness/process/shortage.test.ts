import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import t from 'tap';
import { takeFrom, whyNoLimits } from './shortage.js';

/** Answers each line with `ok` or the code of the error. */
const WORKER = `
const { appendFileSync, openSync, writeFileSync } = require('node:fs');
writeFileSync('log', 'x'.repeat(500));
console.log('ready');
process.stdin.on('data', (line) => {
  try {
    if (String(line).trim() === 'disk') appendFileSync('log', 'y'.repeat(300));
    else openSync('log', 'r');
    console.log('ok');
  } catch (error) {
    console.log(error.code);
  }
});`;

const missing = whyNoLimits();
if (missing !== undefined && process.env.IM_REQUIRE_ALL === '1') t.fail(missing);

t.test('a resource is taken from a process that runs, and given back', { skip: missing ?? false }, async (t) => {
  const cases = [
    ['disk', 'EFBIG'],
    ['descriptors', 'EMFILE'],
  ] as const;
  for (const [resource, code] of cases) {
    const folder = t.testdir();
    // What a test runner loads into its children may end them at SIGXFSZ.
    const child = spawn('sh', ['-c', 'unset NODE_OPTIONS; exec "$0" -e "$1"', process.execPath, WORKER], {
      cwd: folder,
      detached: true,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    t.teardown(() => child.kill('SIGKILL'));
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const next = async (): Promise<string> => (await lines.next()).value;
    const ask = (): Promise<string> => {
      child.stdin.write(`${resource}\n`);
      return next();
    };
    t.equal(await next(), 'ready');
    t.equal(await ask(), 'ok', `${resource}: before`);
    const giveBack = takeFrom(child.pid as number, folder, resource);
    t.equal(await ask(), code, `${resource}: taken`);
    t.equal(await ask(), code, `${resource}: still taken`);
    giveBack();
    t.equal(await ask(), 'ok', `${resource}: given back`);
    child.stdin.end();
    await once(child, 'exit');
    t.doesNotThrow(giveBack, 'a process that has ended needs nothing back');
  }
});

t.test('where nothing can be taken, nothing is', async (t) => {
  t.doesNotThrow(takeFrom(2 ** 30, t.testdir(), 'disk'));
  t.doesNotThrow(takeFrom(2 ** 30, t.testdir({ log: 'x' }), 'disk'), 'no such group');
});
