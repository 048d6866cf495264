import { join } from 'node:path';
import t from 'tap';
import { KitError } from '../../src/errors.js';
import type { RunProgress } from '../../src/harness/options.js';
import { TEST_CERTIFICATE } from '../../src/harness/testing/test-certificate.js';
import { nearest } from '../../src/nearest.js';
import { replayArguments, shellQuote } from '../../src/options/replay.js';
import { runOptionsFrom } from '../../src/options/run-options.js';
import { checkConfig, flagSettings, mergeSettings, readConfig } from '../../src/options/settings.js';
import { parseUsers } from '../../src/options/users-file.js';
import { publicUrl, withPublicUrls } from '../../src/public-url.js';
import { COMMAND_NAMES, COMMANDS, helpText } from '../help.js';
import { buildProgram } from '../program.js';
import { progressText } from './progress-line.js';
import { reportTargets } from './report-targets.js';

/** Message and remedy of the usage error that the action must throw. */
const usageError = async (action: () => unknown): Promise<string> => {
  try {
    await action();
  } catch (error) {
    if (error instanceof KitError && error.code === 'usage') return `${error.message} | ${error.remedy}`;
    throw error;
  }
  return 'no error';
};

t.test('the help knows every option and command of the program, and no other', (t) => {
  const program = buildProgram();
  const flags = [...program.options.map((option) => option.flags), '-h, --help'].sort();
  const commands = program.commands.map((command) => command.name());
  const named = [...helpText().matchAll(/^ {2}(-.*?) {2}/gm)].map((match) => match[1]).sort();
  t.same(named, flags);
  t.same(COMMAND_NAMES, commands);
  for (const [term, meaning] of COMMANDS) t.match(helpText().replace(/\s+/g, ' '), `${term} ${meaning}`);
  t.equal(program.helpInformation(), helpText());
  t.ok(
    helpText()
      .split('\n')
      .every((line) => line.length <= 88),
  );
  t.end();
});

t.test('config file', async (t) => {
  const folder = t.testdir({
    json: { 'im-conformance.config.json': '{ "exec": "node s.js", "only": "a*", "concurrency": 4 }' },
    yaml: { 'im-conformance.config.yaml': 'url: ws://h/\nheader:\n  X-A: b\nallow-unproven: true\nonly: [a, b]\n' },
    none: {},
    empty: { 'im-conformance.config.yaml': '' },
    broken: { 'im-conformance.config.json': '{ "exec": ' },
    named: { 'other.yaml': 'seed: abc\n', 'other.txt': '' },
  });
  t.same(await readConfig(join(folder, 'json'), undefined), { exec: 'node s.js', only: ['a*'], concurrency: 4 });
  t.same(await readConfig(join(folder, 'yaml'), undefined), {
    url: 'ws://h/',
    header: { 'X-A': 'b' },
    'allow-unproven': true,
    only: ['a', 'b'],
  });
  t.same(checkConfig({ $schema: 'config.schema.json', url: 'ws://h/' }, 'c.json'), { url: 'ws://h/' });
  t.same(await readConfig(join(folder, 'none'), undefined), {}, 'only the folder itself is searched');
  t.same(await readConfig(join(folder, 'empty'), undefined), {});
  t.same(await readConfig(join(folder, 'named'), 'other.yaml'), { seed: 'abc' });
  t.match(await usageError(() => readConfig(join(folder, 'broken'), undefined)), 'cannot read the config file');
  t.match(await usageError(() => readConfig(join(folder, 'named'), 'gone.yaml')), /gone\.yaml.*ENOENT/);
  t.match(await usageError(() => readConfig(join(folder, 'named'), 'other.txt')), 'not a config file');
});

t.test('a config file is checked key by key', async (t) => {
  const rows: [unknown, string][] = [
    [['exec'], 'c.yaml must hold a map of options'],
    [{ exce: 'x' }, 'c.yaml: unknown option "exce"'],
    [{ exec: 1 }, '"exec" must be text'],
    [{ only: [1] }, '"only" must be text or a list of texts'],
    [{ concurrency: '4' }, '"concurrency" must be an integer'],
    [{ concurrency: 0 }, '"concurrency" must be an integer from 1 to 512'],
    [{ list: 'yes' }, '"list" must be true or false'],
    [{ header: ['A: b'] }, '"header" must be a map'],
    [{ describe: 3 }, '"describe" must be the name of a file'],
  ];
  for (const [config, words] of rows) t.match(await usageError(() => checkConfig(config, 'c.yaml')), words);
});

t.test('flags', async (t) => {
  const flags = flagSettings({
    exec: 'x',
    header: ['A: b:c'],
    patience: '50',
    jwtSecret: 's',
    list: true,
    config: 'f',
  });
  t.same(flags, { exec: 'x', header: { A: 'b:c' }, patience: 50, 'jwt-secret': 's', list: true });
  t.match(await usageError(() => flagSettings({ header: ['nonsense'] })), 'is not a header');
  t.same(flagSettings({ bail: true, maxTime: '30' }), { bail: 1, 'max-time': 30 });
  t.match(await usageError(() => flagSettings({ patience: 'long' })), '--patience must be an integer from 0');
  t.same(mergeSettings({ exec: 'x', seed: 'a', class: ['core'] }, { url: 'ws://h/', seed: 'b' }), {
    class: ['core'],
    url: 'ws://h/',
    seed: 'b',
  });
});

t.test('run options', async (t) => {
  const folder = t.testdir({
    'known.txt': '# known\nserver/core/a#b\n\nserver/core/c # ticket 7\n',
    'good.yaml': 'protocol: im.ran.v1\ntimers: { answerWithinMs: 100 }\n',
    'bad.json': '{ "protocol": "im.ran.v2" }',
    'broken.json': '{ "protocol": ',
    file: '',
  });
  const run = (settings: Record<string, unknown>) => runOptionsFrom(settings, settings, undefined);
  t.match(await run({}), {
    embedded: true,
    exec: /server\.cjs --port \{port\} --data \{data\} --class \S+,secured --jwt-secret [0-9a-f]{48}$/,
    only: [],
    allowUnproven: false,
  });
  t.match(await run({ url: 'ws://h:{port}/', exec: 'x' }), { embedded: false, url: 'ws://h:{port}/', exec: 'x' });
  t.same((await run({ class: ['core,durable', 'core'] })).classes, ['core', 'durable']);
  t.same((await run({ baseline: join(folder, 'known.txt') })).baseline, ['server/core/a#b', 'server/core/c']);
  t.same((await run({ describe: join(folder, 'good.yaml') })).describe?.timers, { answerWithinMs: 100 });
  t.same((await run({ describe: { protocol: 'im.ran.v1' } })).describe, { protocol: 'im.ran.v1' });
  t.equal((await run({ history: join(folder, 'a', 'b') })).historyDir, join(folder, 'a', 'b'), 'folders are made');
  t.not((await run({})).seed, (await run({})).seed, 'a fresh seed for each run');
  const rows: [Record<string, unknown>, string | RegExp][] = [
    [{ url: 'sevre' }, 'neither a WebSocket URL nor a command'],
    [{ url: 'http://h/' }, 'Write ws://h/ instead'],
    [{ url: 'https://h/' }, 'Write wss://h/ instead'],
    [{ class: ['cor'] }, /no class "cor" .*Use some of core/],
    [{ baseline: join(folder, 'gone') }, /cannot read the baseline .*ENOENT/],
    [{ describe: join(folder, 'gone') }, /description .* could not be read: ENOENT/],
    [{ describe: join(folder, 'bad.json') }, /bad\.json" is not valid: .*protocol/],
    [{ describe: join(folder, 'broken.json') }, 'neither JSON nor YAML'],
    [{ seed: 'a b' }, 'cannot be a seed'],
    [{ token: '{user}', 'jwt-secret': 's' }, '--token and --jwt-secret exclude each other'],
    [{ history: join(folder, 'file') }, 'cannot keep histories'],
    [{ class: ['cor'] }, 'Did you mean "core"'],
    [{ only: ['a'], 'last-failed': 'x' }, '--only and --last-failed exclude each other'],
    [{ verbose: true, quiet: true }, 'exclude each other'],
    [{ 'last-failed': join(folder, 'gone') }, 'cannot read the report'],
    [{ 'last-failed': join(folder, 'broken.json') }, 'is no JSON report of this kit'],
  ];
  for (const [settings, words] of rows) t.match(await usageError(() => run(settings)), words);
});

t.test('a replay repeats what matters and tells no secret', async (t) => {
  const rows: [Record<string, unknown>, string][] = [
    [{ url: 'ws://h:1/', only: ['a'], report: ['tap'], list: true }, 'ws://h:1/'],
    [{ exec: "node 's'.js --port {port}" }, "--exec 'node '\\''s'\\''.js --port {port}'"],
    [{ class: ['core', 'durable'], patience: 50 }, '--class core --class durable --patience 50'],
    [{ 'jwt-secret': 'hush' }, '--jwt-secret "$SECRET"'],
    [
      { exec: 'node s.js --key hush', 'jwt-secret': 'hush' },
      `--exec 'node s.js --key '"$SECRET"'' --jwt-secret "$SECRET"`,
    ],
    [{ token: '{user}/{device}' }, '--token {user}/{device}'],
    [{ token: 'hush-{user}' }, '--token "$TOKEN"'],
    [{ header: { Authorization: 'hush', 'X-A': 'b c' } }, `--header "Authorization: $SECRET" --header 'X-A: b c'`],
    [{ url: 'ws://u:hush@h/?access_token=hush&a=1' }, "'ws://***@h/?access_token=***&a=1'"],
  ];
  for (const [flags, line] of rows) t.equal(replayArguments(flags, undefined).join(' '), line);
  t.same(replayArguments({}, 'my file.yaml'), ['--config', "'my file.yaml'"]);
  t.equal(shellQuote('{a,b}'), "'{a,b}'", 'a shell would expand it');
  t.equal(publicUrl('ws://h/'), 'ws://h/');
  for (const [said, shown] of [
    ['Nothing listens at ws://u:hush@h:9/: refused', 'Nothing listens at ws://***@h:9/: refused'],
    ['"wss://h/?a=1&access_token=hush" is down', '"wss://h/?a=1&access_token=***" is down'],
    ['ws://h/?access_token=hush: see https://x.org/a@b', 'ws://h/?access_token=***: see https://x.org/a@b'],
    ['mail a@b', 'mail a@b'],
  ] as const)
    t.equal(withPublicUrls(said), shown);
});

t.test('one repetition on the command line drops those of the config file', (t) => {
  t.same(mergeSettings({ repeat: 20, sweep: 9 }, { repetition: 3 }), { sweep: 9, repetition: 3 });
  t.same(mergeSettings({ repeat: 20 }, { sweep: 9 }), { repeat: 20, sweep: 9 });
  t.end();
});

t.test('report targets', async (t) => {
  const folder = t.testdir({ folder: {} });
  const file = join(folder, 'a=b.json');
  t.same(reportTargets([], true), [{ format: 'pretty' }]);
  t.same(reportTargets([], false), [{ format: 'tap' }]);
  t.same(reportTargets(['tap', `json=${file}`], false), [{ format: 'tap' }, { format: 'json', file }]);
  t.same(
    reportTargets([`json=${file}`], false),
    [{ format: 'json', file }, { format: 'pretty' }],
    'stdout keeps the summary',
  );
  const rows: [string[], string | RegExp][] = [
    [['htlm'], /Did you mean "html"/],
    [['xml'], /no report format "xml" .*pretty, tap, json, ndjson, junit, html/],
    [['json='], 'names no file'],
    [['tap', 'json'], 'only one report can go to stdout'],
    [[`tap=${file}`, `json=${file}`], 'two reports cannot go to one file'],
    [[`json=${join(folder, 'gone', 'x')}`], /ENOENT.*Make its folder first/],
    [[`json=${join(folder, 'folder')}`], 'EISDIR'],
  ];
  for (const [values, words] of rows) t.match(await usageError(() => reportTargets(values, false)), words);
});

t.test('nearest ids', async (t) => {
  const known = ['IM-4.2-6', 'IM-4.2-16', 'IM-1-1', 'server/core/plain-exchange', 'server/core/late-close'];
  t.same(nearest('IM-4.2-60', known, 1), ['IM-4.2-6']);
  t.same(nearest('plain', known, 1), ['server/core/plain-exchange']);
  t.equal(nearest('x'.repeat(1_000_000), known).length, 3);
});

t.test('progress line', async (t) => {
  const view = { done: 3, total: 9, running: ['server/core/a', 'b'], failed: 0, retrying: 0, elapsedMs: 12_345 };
  const rows: [Partial<RunProgress>, string][] = [
    [{}, '3/9 · 12 s · server/core/a and 1 more'],
    [{ leftMs: 41_200 }, '3/9 · about 42 s left · server/core/a and 1 more'],
    [{ leftMs: 125_000, running: [] }, '3/9 · about 2 min 5 s left'],
    [{ failed: 2, retrying: 1, running: ['b'] }, '3/9 · 2 failed · 1 retrying · 12 s · b'],
    [{ done: 9, leftMs: 5, running: [] }, '9/9 · 12 s'],
  ];
  for (const [more, text] of rows) t.equal(progressText({ ...view, ...more }, 80), text);
  t.equal(progressText(view, 20).length, 19, 'never as wide as the terminal');
});

t.test('the file of --users', async (t) => {
  const text = '# accounts\nu1\nu2 secret-2 # her own\nu2/phone secret-3\r\n\nu3/tab\n';
  t.same(parseUsers(text, 'users.txt'), [
    { user: 'u1' },
    { user: 'u2', token: 'secret-2' },
    { user: 'u2', device: 'phone', token: 'secret-3' },
    { user: 'u3', device: 'tab' },
  ]);
  t.match(await usageError(() => parseUsers('u1\nu2 top secret\n', 'users.txt')), /^users\.txt:2: this is no account/);
  t.match(await usageError(() => parseUsers('\n# none\n', 'users.txt')), 'names no account');
});

t.test('what certificates are trusted', async (t) => {
  const folder = t.testdir({ 'ca.pem': TEST_CERTIFICATE.cert, 'key.pem': TEST_CERTIFICATE.key });
  const run = (settings: Record<string, unknown>) => runOptionsFrom({ url: 'wss://h/', ...settings }, {}, undefined);
  t.match(await run({ ca: join(folder, 'ca.pem') }), { ca: TEST_CERTIFICATE.cert });
  t.match(await run({ insecure: true }), { insecure: true });
  t.match(await usageError(() => run({ ca: join(folder, 'key.pem') })), /key\.pem holds no certificate/);
  t.match(await usageError(() => run({ ca: join(folder, 'gone.pem') })), 'ENOENT');
  t.match(await usageError(() => run({ ca: join(folder, 'ca.pem'), insecure: true })), 'exclude each other');
});

t.test('the embedded server checks tokens, unless the caller makes them', async (t) => {
  const run = (settings: Record<string, unknown>) => runOptionsFrom(settings, {}, undefined);
  const own = await run({});
  t.match(own.exec, `--jwt-secret ${own.jwtSecret}`);
  t.match(await run({ 'jwt-secret': 'abc' }), { exec: /--class \S*secured --jwt-secret abc$/, jwtSecret: 'abc' });
  t.notMatch((await run({ token: '{user}' })).exec, /secured|--jwt-secret/);
  t.equal((await run({ token: '{user}' })).jwtSecret, undefined);
});
