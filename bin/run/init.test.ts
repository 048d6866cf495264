import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import t, { type Test } from 'tap';
import { parse } from 'yaml';
import { runConformance } from '../../src/embed/run-conformance.js';
import { KitError } from '../../src/errors.js';
import { checkConfig } from '../../src/options/settings.js';
import { packageRoot } from '../../src/package-root.js';
import type { InitOptions } from './init/answers.js';
import { runInit } from './run-init.js';
import { PROGRAM } from './testing/run-kit.js';

interface Played {
  folder: string;
  code: number | undefined;
  error: KitError | undefined;
  told: string;
  asked: string;
  read: (path: string) => string;
}

/** Runs `init` in a folder; `typed` is what a person types, and undefined: there is none. */
const play = async (
  t: Test,
  options: InitOptions,
  typed?: string,
  there: Record<string, string> = {},
): Promise<Played> => {
  const folder = t.testdir(there);
  const input = new PassThrough();
  const output = new PassThrough();
  let asked = '';
  let told = '';
  output.on('data', (chunk) => {
    asked += chunk;
  });
  const played = {
    folder,
    code: undefined,
    error: undefined,
    read: (path: string) => readFileSync(join(folder, path), 'utf8'),
  };
  const write = async (text: string): Promise<void> => {
    told += text;
  };
  const terminal = typed === undefined ? undefined : { input, output, terminal: true };
  if (typed !== undefined) input.end(typed);
  try {
    const code = await runInit(options, { folder, terminal, write });
    return { ...played, code, told, asked };
  } catch (error) {
    if (!(error instanceof KitError)) throw error;
    return { ...played, error, told, asked };
  }
};

const CONFIG = 'im-conformance.config.json';
const DIALECT = 'conformance-dialect.yaml';
const WORKFLOW = '.github/workflows/conformance.yml';
const exec = 'node s.js --port {port}';
const $schema = './node_modules/im-conformance/schemas/config.schema.json';

t.test('options say all, and nobody is asked', async (t) => {
  const rows: [InitOptions, there: Record<string, string>, config: object, files: string[]][] = [
    [{ exec, ci: 'none' }, {}, { exec }, []],
    [{ exec, ci: 'github', class: ['core,durable'] }, {}, { exec, class: ['core', 'durable'] }, [WORKFLOW]],
    [{ url: 'ws://h:1/', ci: 'gitlab', yes: true }, {}, { url: 'ws://h:1/' }, ['.gitlab-ci.yml']],
    [{ exec, ci: 'gitlab' }, { '.gitlab-ci.yml': 'x: 1\n' }, { exec }, ['.gitlab/im-conformance.yml']],
    [{ yes: true }, { 'server.js': '' }, { exec: 'node server.js --port {port} --data {data}' }, []],
    [{ role: 'client', exec: 'python3 bot.py', ci: 'none' }, {}, { exec: 'python3 bot.py' }, []],
    [{ role: 'client', ci: 'none' }, {}, { exec: 'node conformance-bot.js' }, ['conformance-bot.js']],
    [{ exec, dialect: 'd.yaml', ci: 'none' }, {}, { exec, dialect: 'd.yaml' }, ['d.yaml']],
    [{ exec, dialect: 'd.yaml', ci: 'none' }, { 'd.yaml': 'mine' }, { exec, dialect: 'd.yaml' }, []],
    [{ exec, dialect: 'd.mjs', ci: 'none' }, { 'd.mjs': '' }, { exec, dialect: 'd.mjs' }, []],
  ];
  for (const [options, there, config, files] of rows) {
    const name = JSON.stringify(options);
    const { code, error, told, folder, read } = await play(t, options, undefined, there);
    t.strictSame([code, error], [0, undefined], name);
    const written = JSON.parse(read(CONFIG));
    t.strictSame(written, { $schema, ...config }, name);
    t.strictSame(checkConfig(written, CONFIG), config, 'a run takes it');
    for (const file of [CONFIG, ...files]) {
      t.ok(existsSync(join(folder, file)), file);
      t.match(told, `wrote ${file}\n`);
    }
    t.equal(told.match(/^wrote /gm)?.length, files.length + 1, name);
    t.match(told, /^next: npx im-conformance/m, name);
  }
});

t.test('what it writes for a CI system can be read there, and runs the kit', async (t) => {
  for (const [options, command] of [
    [{ exec }, 'npx im-conformance --report pretty --report junit=conformance.xml'],
    [{ role: 'client' }, 'npx im-conformance client --report pretty --report junit=conformance.xml'],
  ] as const) {
    const github = parse((await play(t, { ...options, ci: 'github' })).read(WORKFLOW));
    const steps: { run?: string; uses?: string }[] = github.jobs.conformance.steps;
    t.ok(steps.some(({ run }) => run === command));
    t.ok(steps.some(({ uses }) => uses?.startsWith('actions/upload-artifact') === true));
    const gitlab = parse((await play(t, { ...options, ci: 'gitlab' })).read('.gitlab-ci.yml'));
    t.ok(gitlab.conformance.script.includes(command));
  }
  const locked = await play(t, { exec, ci: 'github' }, undefined, { 'package-lock.json': '{}' });
  t.match(locked.read(WORKFLOW), '- run: npm ci\n');
});

t.test('on a terminal it asks for what was not given, and asks again for what cannot be', async (t) => {
  const rows: [InitOptions, typed: string, config: object, asked: RegExp[]][] = [
    [{}, `server\n${exec}\n\ncore\nnone\n`, { exec, class: ['core'] }, [/server or client\? \[server\]/, /ws: url/]],
    [
      { ci: 'none' },
      `server\n${exec}\nnein\nno\n\n`,
      { exec, dialect: DIALECT, class: ['core'] },
      [/speak im\.ran\.v1\?.*\[yes\]/, /"nein" is none of yes, no/],
    ],
    [{}, `\nhttp://h:1/\nws://h:1/\n\n\nnone\n`, { url: 'ws://h:1/' }, [/Write ws:\/\/h:1\/ instead/]],
    [
      { exec },
      'servr\nserver\nall\ngitlap\ngitlab\n',
      { exec },
      [/"servr" is none of server, client\. Did you mean "server"/],
    ],
    [
      { role: 'client', ci: 'none' },
      '\nsender\n',
      { exec: 'node conformance-bot.js', class: ['sender'] },
      [/bot of your client/],
    ],
    [
      { exec, role: 'server', ci: 'none' },
      'cor\ncore\n',
      { exec, class: ['core'] },
      [/no class "cor"\. Did you mean "core"/],
    ],
  ];
  for (const [options, typed, config, questions] of rows) {
    const { code, asked, read } = await play(t, options, typed);
    t.equal(code, 0, typed);
    t.strictSame(JSON.parse(read(CONFIG)), { $schema, ...config }, typed);
    for (const question of questions) t.match(asked, question);
  }
});

t.test('the dialect that is written fits its own examples, and names what is to be changed', async (t) => {
  const { folder, told } = await play(t, { exec, dialect: DIALECT, ci: 'none' });
  t.match(told, /next: write the frames of your server into conformance-dialect\.yaml .*dialect try/);
  t.match(told, /next: npx im-conformance\n$/);
  const words = [PROGRAM, 'dialect', 'check', DIALECT];
  const checked = spawnSync(process.execPath, words, { cwd: folder, encoding: 'utf8', timeout: 30_000 });
  t.equal(checked.status, 0, checked.stderr);
  t.match(checked.stdout, /^packets: msg:R, msg:A, msg:N, ack:A, ack:R$/m);
  t.notMatch(checked.stdout, /no rule/);
});

t.test('who does not want to go on finds nothing written', async (t) => {
  const rows: [name: string, typed: string, code: number | undefined, message: RegExp | undefined][] = [
    ['Ctrl-C at the first question', '\x03', 130, undefined],
    ['Ctrl-C in the middle', `server\n${exec}\n\x03`, 130, undefined],
    ['the end of the input', 'server\n', undefined, /not answered to the end/],
    ['Ctrl-D', 'server\n\x04', undefined, /not answered to the end/],
  ];
  for (const [name, typed, code, message] of rows) {
    const { folder, told, ...played } = await play(t, {}, typed);
    t.equal(played.code, code, name);
    if (message !== undefined) t.match(played.error, { code: 'usage', message, remedy: /init --help/ }, name);
    t.notOk(existsSync(join(folder, CONFIG)), name);
    t.equal(told, '', name);
  }
});

t.test('a file that is there is never overwritten unasked', async (t) => {
  const there = { [CONFIG]: 'mine' };
  const options = { exec, role: 'server', class: ['core'], ci: 'github' };
  const refused = await play(t, options, undefined, there);
  t.match(refused.error, { message: /config\.json is there already, so nothing was written/, remedy: /--force/ });
  t.equal(refused.read(CONFIG), 'mine');
  t.notOk(existsSync(join(refused.folder, WORKFLOW)), 'and nothing else was written');
  t.match(await play(t, { ...options, yes: true }, 'y\n', there), { error: KitError }, '--yes does not mean that');
  const kept = await play(t, options, 'n\n', there);
  t.strictSame([kept.code, kept.read(CONFIG)], [0, 'mine']);
  t.match(kept.told, /^wrote \.github\S+\nkept {2}im-conformance\.config\.json\n/);
  const asked = await play(t, options, 'y\n', there);
  t.match(asked.read(CONFIG), /"exec"/);
  const forced = await play(t, { ...options, force: true }, undefined, there);
  t.match(forced.read(CONFIG), /"exec"/);
});

t.test('what cannot be is told with what helps', async (t) => {
  const rows: [InitOptions, there: Record<string, string>, message: RegExp, remedy: RegExp][] = [
    [{ yes: true }, {}, /nobody knows how your server is started/, /--exec/],
    [{ exec, url: 'ws://h:1/' }, {}, /exclude each other/, /alone/],
    [{ role: 'client', url: 'ws://h:1/' }, {}, /--url is for servers/, /--exec/],
    [{ role: 'servr' }, {}, /"servr" is none/, /Did you mean "server"/],
    [{ exec, ci: 'jenkins' }, {}, /"jenkins" is none of/, /Use github/],
    [{ exec, class: ['x'] }, {}, /no class "x"/, /Use some of/],
    [{ exec: ' ' }, {}, /the command is empty/, /./],
    [{ exec, dialect: 'd.mjs' }, {}, /there is no dialect d\.mjs/, /ends in \.yaml/],
    [{ exec, dialect: 'd' }, {}, /is no file of a dialect/, /ends in \.yaml/],
    [{ role: 'client', dialect: 'd.yaml' }, {}, /--dialect is for servers/, /its bot/],
    [
      { exec, ci: 'github' },
      { '.github': 'a file' },
      /cannot write \.github\/workflows\S+ \(E(NOTDIR|EXIST)\)/,
      /config\.json was written before/,
    ],
  ];
  for (const [options, there, message, remedy] of rows) {
    const { error } = await play(t, options, undefined, there);
    t.match(error, { code: 'usage', message, remedy }, JSON.stringify(options));
  }
});

t.test('the command line answers with exit codes, and asks nobody through a pipe', async (t) => {
  const folder = t.testdir({});
  const init = (...words: string[]) =>
    spawnSync(process.execPath, [PROGRAM, 'init', ...words], {
      cwd: folder,
      encoding: 'utf8',
      input: '',
      timeout: 30_000,
    });
  const none = init();
  t.equal(none.status, 2);
  t.match(none.stderr, /nobody knows how your server is started\n {2}Add --exec/);
  const done = init('--exec', exec, '--ci', 'none');
  t.equal(done.status, 0, done.stderr);
  t.match(
    done.stdout,
    /^wrote im-conformance\.config\.json\n\nnext: npm install --save-dev im-conformance\nnext: npx im-conformance\n$/,
  );
  t.equal(init('--exec', exec).status, 2, 'it is there already');
  t.match(init('--help').stdout, /--force +overwrite/);
});

t.test(
  'the bot that is written says what is missing, and filled in it tests a client',
  { timeout: 120_000 },
  async (t) => {
    const { folder, read } = await play(t, { role: 'client', ci: 'none' });
    const bot = join(folder, 'conformance-bot.js');
    const command = `exec "${process.execPath}" "${bot}"`;
    const options = { role: 'client', exec: command, classes: ['core', 'sender', 'receiver'], concurrency: 2 } as const;
    await t.rejects(runConformance(options).report, { code: 'unreachable', message: /write openLibrary in this file/ });
    // Inside of the package, so that it finds its own library as a stranger would.
    mkdirSync(join(folder, 'filled'));
    const filled = read('conformance-bot.js').replace(
      / {2}throw new Error\([\s\S]*?\n {2}\}\);\n/,
      `  const { connect } = await import('im-conformance/client');
  return connect({ url, token, storage: data, onMessage, onStatus });\n`,
    );
    t.match(filled, /return connect/);
    const file = join(folder, 'filled', 'bot.js');
    t.ok(file.startsWith(packageRoot));
    writeFileSync(file, filled);
    const report = await runConformance({
      ...options,
      exec: `exec "${process.execPath}" "${file}"`,
      only: ['client/sender/plain', 'client/receiver/two-senders-one-id#plain'],
    }).report;
    t.strictSame(
      [report.exitCode, report.summary.passed],
      [0, 2],
      JSON.stringify(report.scenarios.map(({ id, verdict, reason }) => [id, verdict, reason])),
    );
  },
);
