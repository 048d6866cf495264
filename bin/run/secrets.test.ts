import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { packageRoot } from '../../src/package-root.js';
import { REPORT_FORMATS } from '../../src/report/index.js';
import { FILES, PROGRAM, run } from './testing/run-kit.js';

/** Whatever holds this was not meant for others. */
const SECRET = 'hush-1f9c';
const SERVER = readFileSync(join(packageRoot, 'examples', 'minimal-server-js', 'server.js'), 'utf8');
const NODE = `"${process.execPath}"`;

/** Its dots tell it from what is compressed in a page, where these letters stand by chance now and then. */
const SIGNED = /eyJ[\w-]{10,}\.[\w-]{10,}/;

/** Wants the secret before the name of the user, and answers wrongly, so that reports have something to tell. */
const strictServer = SERVER.replace(
  "(token ?? '').split('/')",
  `(token ?? '').startsWith('${SECRET}-') ? token.slice(${SECRET.length + 1}).split('/') : []`,
).replaceAll("'accepted'", "'accepptd'");

const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());

t.test('no token, secret or password is in a report, in a history or on the terminal', async (t) => {
  t.not(strictServer.replaceAll("'accepptd'", "'accepted'"), SERVER, 'the server reads tokens as it did');
  const own = `${NODE} ../server.mjs`;
  const signed = `${NODE} "${PROGRAM}" serve --port {port} --data {data} --class core,secured --jwt-secret ${SECRET}`;
  const users = ['alice', 'bob', 'carol', 'dave', 'erin', 'frank']
    .map((user) => `${user} ${SECRET}-${user}\n`)
    .join('');
  const rows: [name: string, words: string[]][] = [
    ['--token', ['--exec', own, '--token', `${SECRET}-{user}/{device}`]],
    ['--token-command', ['--exec', own, '--token-command', 'printf "%s-%s/%s" "$(cat ../key)" {user} {device}']],
    ['--header', ['--exec', own, '--header', `Authorization: Bearer ${SECRET}-{user}/{device}`]],
    ['the address', [`ws://127.0.0.1:{port}/?access_token=${SECRET}-{user}/{device}`, '--exec', own]],
    ['--users', ['--exec', own, '--users', '../users.txt']],
    ['--jwt-secret, and in the command', ['--exec', signed, '--jwt-secret', SECRET]],
  ];
  const cases = Object.fromEntries(rows.map((_, index) => [`${index}`, { ...FILES, out: {} }]));
  const folder = t.testdir({ ...cases, 'server.mjs': strictServer, key: SECRET, 'users.txt': users });
  // In the folder of a test nothing is installed, but above it is.
  const reports = REPORT_FORMATS.filter((format) => format !== 'pretty').flatMap((format) => [
    '--report',
    `${format}=out/${format}`,
  ]);
  for (const [index, [name, words]] of rows.entries()) {
    const own = join(folder, `${index}`);
    const outcome = await run({
      words: [
        ...words,
        '--class',
        'core',
        '--only',
        'server/core/plain-exchange',
        '--history',
        'out/h',
        ...reports,
        '-v',
      ],
      folder: own,
    });
    t.ok([0, 1].includes(outcome.code ?? 99), `${name}: ${outcome.code} ${outcome.stderr}`);
    const played = outcome.report?.scenarios.filter(({ attempts }) => attempts > 0) ?? [];
    t.ok(played.length > 0, `${name}: something was played`);
    const files = filesBelow(join(own, 'out'));
    t.ok(files.length >= REPORT_FORMATS.length, `${name}: ${files.length} files`);
    const told = [...files, join(own, 'report.json')].filter((file) => readFileSync(file, 'utf8').includes(SECRET));
    t.same(told, [], `${name}: files`);
    t.notMatch(`${outcome.stdout}${outcome.stderr}`, SECRET, `${name}: terminal`);
    for (const file of files) t.notMatch(readFileSync(file, 'utf8'), SIGNED, `${name}: ${file}: no signed token`);
  }
});

t.test('nor where nothing could be tested', async (t) => {
  const formats = REPORT_FORMATS.filter((format) => format !== 'pretty');
  const rows: [name: string, words: string[], code: number][] = [
    ['an account in the url', [`ws://me:${SECRET}@127.0.0.1:9/`], 3],
    ['a token in the url', [`ws://127.0.0.1:9/?access_token=${SECRET}`], 3],
    ['another scheme', [`foo://me:${SECRET}@host/`], 2],
    ['the command', ['--exec', `exit 7 # ${SECRET}`, '--jwt-secret', SECRET], 3],
  ];
  const folder = t.testdir(Object.fromEntries(rows.map((_, index) => [`${index}`, { ...FILES, out: {} }])));
  for (const [index, [name, words, code]] of rows.entries()) {
    const own = join(folder, `${index}`);
    const reports = formats.flatMap((format) => ['--report', `${format}=out/${format}`]);
    const outcome = await run({ words: [...words, ...reports], folder: own });
    t.equal(outcome.code, code, `${name}: ${outcome.stderr}`);
    const files = filesBelow(join(own, 'out'));
    t.ok(files.length > 0, `${name}: ${files.length} files`);
    t.same(
      files.filter((file) => readFileSync(file, 'utf8').includes(SECRET)),
      [],
      `${name}: files`,
    );
    t.notMatch(`${outcome.stdout}${outcome.stderr}`, SECRET, `${name}: terminal`);
  }
});
