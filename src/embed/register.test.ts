import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import t, { type Test as Tap } from 'tap';
import { packageRoot } from '../package-root.js';
import type { TestHost } from './host.js';
import { type RegisterOptions, registerConformance } from './register.js';
import { ScenarioFailure } from './scenario-failure.js';
import { brokenServer, goodServer } from './testing/broken-server.js';

t.setTimeout(120_000);
const exec = goodServer;
const broken = brokenServer(t.testdir({}));

const startServer = async (t: Tap): Promise<string> => {
  const server = join(packageRoot, 'examples', 'minimal-server-js', 'server.js');
  const child = spawn(process.execPath, [server, '--port', '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.teardown(() => child.kill('SIGKILL'));
  const [line] = await once(child.stdout, 'data');
  return /ws:\S+/.exec(String(line))?.[0] ?? '';
};

interface Told {
  name: string;
  outcome: 'passed' | 'skipped' | 'failed';
  text: string;
  error?: unknown;
}

/** Runs what was registered, one after the other, as a runner whose context can skip. */
const runWith = async (options: RegisterOptions, host: Partial<TestHost> = {}, canSkip = true): Promise<Told[]> => {
  const bodies: [string, (...context: unknown[]) => Promise<void>][] = [];
  let group = '';
  let end: () => Promise<void> = async () => {};
  const describe = (name: string, body: () => void): void => {
    group = name;
    body();
  };
  const test: TestHost['test'] = (name, body) => bodies.push([`${group}: ${name}`, body]);
  const after: TestHost['after'] = (body) => {
    end = body;
  };
  registerConformance({ describe, test, after, ...host }, options);
  const told: Told[] = [];
  for (const [name, body] of bodies) {
    let skipped: string | undefined;
    const context = canSkip ? { skip: (reason: string) => (skipped = reason) } : {};
    try {
      await body(context);
      told.push({ name, outcome: skipped === undefined ? 'passed' : 'skipped', text: skipped ?? '' });
    } catch (error) {
      told.push({ name, outcome: 'failed', text: (error as Error).message, error });
    }
  }
  await end();
  return told;
};

const shortly = (told: readonly Told[]): string[] =>
  told.map(({ name, outcome }) => `${outcome} ${name.replace(/: [A-Z].*/, '')}`);

t.test('what passed passes, and what does not apply is skipped with its reason', async (t) => {
  const told = await runWith({ exec, only: ['server/core/plain-exchange', 'server/ordered/several*'] });
  t.strictSame(shortly(told), [
    'passed im-conformance: the subject can be tested',
    'passed server core: server/core/plain-exchange',
    'skipped server ordered: server/ordered/several-senders',
    'passed im-conformance: the verdict',
  ]);
  t.equal(told[2]?.text, 'not applicable: the subject does not claim ordered');
});

t.test('a failure carries what a terminal shows, and its result', async (t) => {
  const told = await runWith({ exec: broken, only: 'server/core/msg-r#delay.online', seed: 'x' });
  t.strictSame(shortly(told), [
    'passed im-conformance: the subject can be tested',
    'failed server core: server/core/msg-r#delay.online',
    'failed im-conformance: the verdict',
  ]);
  const [, failure, verdict] = told;
  for (const part of [
    /^FAILED server\/core\/msg-r#delay\.online\n/,
    /IM-4\.2-2 \(MUST\) A server MUST answer `duplicate`/,
    / {4}expected {2}msg:A duplicate/,
    / {4}seen {6}msg:A accepted/,
    / {4}where {5}sent by alice/,
    /replay {4}npx im-conformance --exec .* --seed x --only 'server\/core\/msg-r#delay.online'$/,
  ]) {
    t.match(failure?.text, part);
  }
  t.ok(failure?.error instanceof ScenarioFailure && failure.error.result?.verdict === 'failed');
  t.notOk(Object.keys(failure?.error as object).includes('result'), 'which runners would print');
  t.match(verdict?.text, /^does not conform to im\.ran\.v1 core\n {2}because: 1 scenario failed: IM-4\.2-2/);
});

t.test('a known failure is skipped, and one that passes now makes the verdict fail', async (t) => {
  const known = { exec: broken, only: 'server/core/msg-r#delay.online', baseline: ['server/core/msg-r#delay.online'] };
  t.strictSame((await runWith(known)).map(({ outcome, text }) => [outcome, text]).slice(1), [
    ['skipped', 'known failure'],
    ['passed', ''],
  ]);
  const stale = { exec, only: 'server/core/plain-exchange', baseline: ['server/core/plain-exchange'] };
  t.match((await runWith(stale)).at(-1), { outcome: 'failed', text: /^the baseline is stale/ });
});

t.test('where nothing can be tested, one test says why', async (t) => {
  const told = await runWith({ url: 'ws://127.0.0.1:1/', only: 'server/core/packets-of*' });
  t.equal(told[0]?.outcome, 'failed');
  t.match(told[0]?.text, /127\.0\.0\.1:1.*\n {2}\S/, 'with its remedy');
  t.ok(told.slice(1).every(({ outcome, text }) => outcome === 'skipped' && text.startsWith('nothing was tested')));
  t.ok(told.length > 2);
});

t.test('what could not be run is no pass, unless that is allowed', async (t) => {
  const url = await startServer(t);
  const options = { url, classes: ['core', 'durable'] as const, only: 'server/durable/*' };
  for (const [allowUnproven, outcome] of [
    [false, 'failed'],
    [true, 'skipped'],
  ] as const) {
    const told = (await runWith({ ...options, allowUnproven })).slice(1, -1);
    const unproven = told.filter(({ text }) => /UNPROVEN|unproven/.test(text));
    t.ok(unproven.length > 0 && unproven.every((one) => one.outcome === outcome), `${allowUnproven}`);
  }
});

t.test('runners differ: in how they skip, in groups, in bounds', async (t) => {
  const options = { exec, only: ['server/core/plain-exchange', 'server/ordered/several*'] };
  const mute = await runWith(options, {}, false);
  t.match(mute[2], { outcome: 'failed', text: /cannot skip a test that runs: not applicable/ });
  const reasons: string[] = [];
  const own = await runWith(options, { skip: (reason) => void reasons.push(reason) }, false);
  t.strictSame([own[2]?.outcome, reasons.length], ['passed', 1], 'the host skips itself');
  const bounds: unknown[] = [];
  const test = Object.assign((_name: string, _body: unknown, bound?: number) => bounds.push(bound), {
    concurrent: () => {},
  });
  registerConformance({ test }, { ...options, testTimeout: 5_000 });
  t.strictSame(bounds, [5_000, 5_000, 5_000, 5_000]);
  const names: string[] = [];
  registerConformance({ test: (name) => names.push(name) }, options);
  t.match(names[1], /^server core: server\/core\/plain-exchange: /, 'without groups, names have their group');
});

t.test('options are checked when tests are registered, and nothing is started', async (t) => {
  const host: TestHost = { test: () => {} };
  t.throws(() => registerConformance(host, { only: 'no/such' }), { field: 'only', message: /matches no/ });
  t.throws(() => registerConformance(host, { testTimeout: 0 }), { field: 'testTimeout', message: /integer/ });
});
