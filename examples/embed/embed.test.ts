import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { brokenServer } from '../../src/embed/testing/broken-server.js';
import { packageRoot } from '../../src/package-root.js';

const BOUND_MS = 120_000;
t.setTimeout(BOUND_MS * 5);

/** How each example is started. A program that is not installed makes its test skip, with the line that installs it. */
const RUNNERS: Record<string, { words: string[]; needs?: string }> = {
  'node-test.js': { words: ['--test', '--test-reporter=tap'] },
  'mocha.js': { words: ['mocha/bin/mocha.js'], needs: 'mocha' },
  'tap.js': { words: ['@tapjs/run/dist/esm/index.js', '--disable-coverage', '--reporter=tap'], needs: '@tapjs/run' },
  'vitest.spec.js': { words: ['vitest/vitest.mjs', 'run', '--reporter=verbose'], needs: 'vitest' },
};

/** Whatever tells a test runner that it runs inside another one is not for the example. */
const ownEnv = (): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(TAP|_TAPJS|NODE_(TEST|OPTIONS|V8))/.test(name)),
  );

const play = async (
  words: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<{ code: number | null; text: string }> => {
  const child = spawn(process.execPath, words, {
    cwd: packageRoot,
    env: { ...ownEnv(), NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: BOUND_MS,
  });
  let text = '';
  child.stdout.on('data', (chunk) => (text += chunk));
  child.stderr.on('data', (chunk) => (text += chunk));
  await once(child, 'close');
  return { code: child.exitCode, text };
};

const BROKEN = {
  EXEC: brokenServer(t.testdir({})),
  ONLY: 'server/core/msg-r#delay.online',
};

for (const [file, { words, needs }] of Object.entries(RUNNERS)) {
  const modules = join(packageRoot, 'node_modules');
  const missing = needs !== undefined && !existsSync(join(modules, needs));
  const skip = missing && process.env.IM_REQUIRE_ALL !== '1' && `npm install --save-dev ${needs} installs it`;
  t.test(`examples/embed/${file} passes on a good server, and shows why a bad one fails`, { skip }, async (t) => {
    const [first = '', ...rest] = words;
    const program = needs === undefined ? words : [join(modules, first), ...rest];
    const run = [...program, join('examples', 'embed', file)];
    const good = await play(run, { ONLY: 'server/core/plain-exchange' });
    t.equal(good.code, 0, good.text);
    t.match(good.text, /plain-exchange: A message takes its six packets/);
    const bad = await play(run, BROKEN);
    t.ok(bad.code !== 0 && bad.code !== null, `exit code ${bad.code}`);
    for (const words of [
      /FAILED server\/core\/msg-r/,
      /IM-4\.2-2 \(MUST\)/,
      /expected +msg:A duplicate/,
      /seen +msg:A accepted/,
      /where +sent by alice/,
      /replay +npx im-conformance/,
      /does not conform to im\.ran\.v1 core/,
    ]) {
      t.match(bad.text, words);
    }
  });
}

t.test('examples/embed/events.js tells each result, and ends with the exit code of the run', async (t) => {
  const file = join('examples', 'embed', 'events.js');
  const good = await play([file], { ONLY: 'server/core/plain-exchange' });
  t.equal(good.code, 0, good.text);
  t.match(good.text, /^1 scenarios, seed \w+\nPASSED server\/core\/plain-exchange\n/);
  const bad = await play([file], BROKEN);
  t.equal(bad.code, 1, bad.text);
  t.match(bad.text, /where +sent by alice/);
});
