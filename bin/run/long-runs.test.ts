import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { type Report, ReportSchema } from '../../schemas/index.js';
import { packageRoot } from '../../src/package-root.js';
import { validator } from '../../src/wire/index.js';
import { BOUND_MS, FILES, PROGRAM, run } from './testing/run-kit.js';

const MUTANT = `"${process.execPath}" "${join(packageRoot, 'dist', 'conformance', 'mutants', 'run.js')}"`;
const GOOD = `"${process.execPath}" "${join(packageRoot, 'examples', 'minimal-server-js', 'server.js')}"`;

/** Resolves when what the file holds is as it should be; rejects when it is not within the bound. */
const holds = async (folder: string, name: string, isThere: (text: string) => boolean): Promise<void> => {
  const path = join(folder, name);
  const watcher = watch(folder, { persistent: false });
  const signal = AbortSignal.timeout(BOUND_MS);
  try {
    while (!existsSync(path) || !isThere(readFileSync(path, 'utf8'))) await once(watcher, 'change', { signal });
  } finally {
    watcher.close();
  }
};

t.test('a run that is killed leaves reports of what it knows, marked as such', async (t) => {
  const folder = t.testdir({ ...FILES });
  const formats = ['json=r.json', 'ndjson=r.ndjson', 'junit=r.xml', 'html=r.html'];
  const words = ['--only', 'server/core/*', '--seed', 'a', ...formats.flatMap((target) => ['--report', target])];
  const child = spawn(process.execPath, [PROGRAM, ...words], { cwd: folder, stdio: 'ignore', timeout: BOUND_MS });
  const ended = once(child, 'exit');
  // The page is the last one of the four that is written.
  await holds(folder, 'r.html', (text) => (text.match(/<tr id="server\/core\//g) ?? []).length > 0);
  child.kill('SIGKILL');
  await ended;
  const report = JSON.parse(readFileSync(join(folder, 'r.json'), 'utf8')) as Report;
  t.same(validator(ReportSchema)(report), []);
  t.match(report, { complete: false, exitCode: 130, kit: { seed: 'a' } });
  t.ok(report.scenarios.length >= 1);
  t.match(report.problems, [/written while the run went on, after \d+ of \d+ scenarios/]);
  const lines = readFileSync(join(folder, 'r.ndjson'), 'utf8').trimEnd().split('\n');
  t.match(JSON.parse(lines.at(-1) ?? ''), { kind: 'end', complete: false, exitCode: 130 });
  t.match(
    readFileSync(join(folder, 'r.xml'), 'utf8'),
    /<property name="complete" value="false"\/>[\s\S]*<\/testsuites>\n$/,
  );
  t.match(readFileSync(join(folder, 'r.html'), 'utf8'), /<h1>interrupted: no verdict<\/h1>[\s\S]*the run went on/);
});

t.test('--watch: a change restarts the subject and plays again, what failed first; Ctrl-C ends it', async (t) => {
  const folder = t.testdir({ ...FILES, src: { command: `${MUTANT} no-dedup` } });
  const words = ['--exec', 'eval "exec $(cat src/command)"', '--watch', 'src', '--class', 'core', '--concurrency', '1'];
  const only = ['--only', 'server/core/plain-exchange', '--only', 'server/core/ack-r#duplicate.online'];
  const outcome = await run({
    words: [...words, ...only, '--only', 'server/core/msg-a#drop.online', '--seed', 'a'],
    folder,
    onStart: async (child) => {
      await holds(folder, 'report.json', (text) => text.includes('"exitCode":1') || text.includes('"exitCode": 1'));
      writeFileSync(join(folder, 'src', 'command'), GOOD);
      await holds(folder, 'report.json', (text) => text.includes('"exitCode": 0') || text.includes('"exitCode":0'));
      child.kill('SIGINT');
    },
  });
  t.match(outcome.stderr, /changed: src\/command\. Testing again, \d failures? first\n/);
  t.match(outcome, { code: 0, survivors: [], report: { exitCode: 0, complete: true } }, outcome.stderr);
});
