import { spawnSync } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { packageRoot } from '../src/package-root.js';
import { outputLines } from '../src/report/github.js';

interface ActionStep {
  name: string;
  id?: string;
  if?: string;
  run?: string;
  uses?: string;
  with?: Record<string, string>;
  'working-directory'?: string;
  env?: Record<string, string>;
}

interface Action {
  inputs: Record<string, { description: string; default: string }>;
  outputs: Record<string, { value: string }>;
  runs: { using: string; steps: ActionStep[] };
}

const BOUND_MS = 60_000;
const action = parse(readFileSync(join(packageRoot, 'action.yml'), 'utf8')) as Action;
const [install, step, upload] = action.runs.steps;
if (step?.run === undefined || step.env === undefined) throw new Error('the action runs nothing');
if (install?.run === undefined || upload?.with === undefined) throw new Error('the action installs or uploads nothing');
const { run: script, env: wiring } = step;

/** What a runner does with `${{ inputs.name }}` in `env`. */
const envFrom = (inputs: Record<string, string>, kit: string): Record<string, string> =>
  Object.fromEntries(
    Object.entries(wiring).map(([name, value]) => {
      const [, input] = /^\$\{\{ inputs\.([\w-]+) \}\}$/.exec(value) ?? [];
      return [name, input === undefined ? kit : (inputs[input] ?? action.inputs[input]?.default ?? '')];
    }),
  );

/** What a runner does with the same in any other text. */
const filled = (text: string, inputs: Record<string, string>): string =>
  text.replace(/\$\{\{ inputs\.([\w-]+) \}\}/g, (_, name) => inputs[name] ?? action.inputs[name]?.default ?? '');

const BASH = ['--noprofile', '--norc', '-eo', 'pipefail', '-c'];

/** As a runner starts `shell: bash`. */
const play = (cwd: string, inputs: Record<string, string>, kit: string, more: Record<string, string> = {}) =>
  spawnSync('bash', [...BASH, script], {
    cwd,
    env: { PATH: process.env.PATH, ...envFrom(inputs, kit), ...more },
    encoding: 'utf8',
    timeout: BOUND_MS,
  });

t.test('the action is wired: inputs reach scripts only by the environment, outputs are those of the kit', async (t) => {
  t.equal(action.runs.using, 'composite');
  for (const { name, run } of action.runs.steps) t.notMatch(run ?? '', '${{', `${name}: nothing to inject into`);
  const used = [...readFileSync(join(packageRoot, 'action.yml'), 'utf8').matchAll(/inputs\.([\w-]+)/g)];
  t.same([...new Set(used.map(([, name]) => name))].sort(), Object.keys(action.inputs).sort(), 'every input is used');
  const report = JSON.parse(readFileSync(join(packageRoot, 'src', 'report', 'fixtures', 'green.report.json'), 'utf8'));
  const names = outputLines(report, 0).map((line) => line.split('=')[0]);
  for (const [name, { value }] of Object.entries(action.outputs)) {
    t.equal(value, `\${{ steps.${step.id}.outputs.${name} }}`);
    t.ok(names.includes(name), `the kit gives ${name}`);
  }
});

t.test('the words that the kit gets', async (t) => {
  const echo = 'process.stdout.write(JSON.stringify(process.argv.slice(2)));';
  const npx = '#!/bin/sh\nshift\necho "$@"\n';
  const folder = t.testdir({ dist: { bundle: { bin: { 'im-conformance.js': echo } } }, bin: { npx } });
  const reports = ['json', 'junit', 'html'].flatMap((format) => ['--report', `${format}=out/conformance.${format}`]);
  const rows: [Record<string, string>, string[]][] = [
    [{}, []],
    [{ url: 'ws://h/' }, ['ws://h/']],
    [{ exec: 'node "a b.js" --port {port}; $(id)' }, ['--exec', 'node "a b.js" --port {port}; $(id)']],
    [{ command: 'client', exec: './bot {url}' }, ['client', '--exec', './bot {url}']],
    [
      { options: '--class core,durable\n\n  --allow-unproven\n--only server/*/a*\n--header X-A: b  c\n' },
      ['--class', 'core,durable', '--allow-unproven', '--only', 'server/*/a*', '--header', 'X-A: b  c'],
    ],
  ];
  for (const [inputs, words] of rows) {
    const { stdout, stderr } = play(folder, { ...inputs, reports: 'out' }, folder);
    t.equal(stderr, '');
    t.same(JSON.parse(stdout), [...words, ...reports], JSON.stringify(inputs));
  }
  spawnSync('chmod', ['+x', join(folder, 'bin', 'npx')]);
  const path = { PATH: `${join(folder, 'bin')}:${process.env.PATH}` };
  t.match(play(folder, { version: '1.2.3' }, folder, path).stdout, /^im-conformance@1\.2\.3 --report json=/);
});

t.test('a server that is not there makes the step red, and its reports are written', async (t) => {
  const folder = t.testdir({ summary: '', output: '' });
  const github = {
    GITHUB_ACTIONS: 'true',
    GITHUB_STEP_SUMMARY: join(folder, 'summary'),
    GITHUB_OUTPUT: join(folder, 'output'),
  };
  const { status, stderr } = play(folder, { url: 'ws://127.0.0.1:1/' }, packageRoot, github);
  t.equal(status, 3);
  t.match(stderr, /^::error title=im-conformance%3A no verdict/m);
  t.match(readFileSync(github.GITHUB_OUTPUT, 'utf8'), /^exit-code=3$/m);
  t.match(readFileSync(github.GITHUB_STEP_SUMMARY, 'utf8'), /^## .*no verdict/);
  t.same(readdirSync(join(folder, 'im-conformance')).sort(), [
    'conformance.html',
    'conformance.json',
    'conformance.junit',
  ]);
});

t.test('the kit is built only where it is not, in its own folder', async (t) => {
  const folder = t.testdir({
    built: { dist: { bundle: { bin: { 'im-conformance.js': '' } } } },
    fresh: {},
    bin: { npm: '#!/bin/sh\necho "npm $* in $(basename "$PWD")"\n' },
  });
  chmodSync(join(folder, 'bin', 'npm'), 0o755);
  t.equal(install.if, "inputs.version == ''", 'a version of the package needs no build');
  for (const [kit, said] of [
    ['built', ''],
    ['fresh', 'npm ci --no-audit --no-fund in fresh\n'],
  ] as const) {
    const env = { PATH: `${join(folder, 'bin')}:${process.env.PATH}`, KIT: join(folder, kit) };
    const options = { cwd: folder, env, encoding: 'utf8', timeout: BOUND_MS } as const;
    const { status, stdout } = spawnSync('bash', [...BASH, install.run ?? ''], options);
    t.same([status, stdout], [0, said], kit);
  }
});

t.test('what is uploaded is what was written, also of a run that failed', async (t) => {
  t.match(upload.if, /^always\(\) && inputs\.artifact != ''$/);
  t.match(upload.uses, /^actions\/upload-artifact@v\d+$/);
  const rows: Record<string, string>[] = [{}, { reports: 'out/of/it' }, { 'working-directory': 'chat' }];
  for (const inputs of rows) {
    const folder = t.testdir({ chat: {} });
    const cwd = join(folder, filled(step['working-directory'] ?? '.', inputs));
    t.equal(play(cwd, { ...inputs, url: 'ws://127.0.0.1:1/' }, packageRoot).status, 3);
    const path = join(folder, filled(upload.with?.path ?? '', inputs));
    t.match(readdirSync(path), ['conformance.html', 'conformance.json', 'conformance.junit'], JSON.stringify(inputs));
  }
});
