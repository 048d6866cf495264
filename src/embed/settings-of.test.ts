import t from 'tap';
import { KitError } from '../errors.js';
import { OPTIONS } from '../options/option-table.js';
import { runOptionsFrom } from '../options/run-options.js';
import { CLI_ONLY, FIELDS, fieldOf, forPrograms } from './fields.js';
import type { ConformanceOptions } from './options.js';
import { settingsOf } from './settings-of.js';

/** As a program meets it: whoever writes JavaScript gives anything. */
const errorOf = async (options: unknown): Promise<KitError> => {
  try {
    const { role, settings } = settingsOf(options as ConformanceOptions);
    await runOptionsFrom({ list: true, ...settings }, settings, undefined, role);
  } catch (cause) {
    return forPrograms(cause) as KitError;
  }
  throw new Error(`accepted: ${JSON.stringify(options)}`);
};

const url = 'ws://127.0.0.1:9/';

t.test('an option that is wrong is named, with what helps', async (t) => {
  const rows: [options: unknown, field: string | undefined, message: RegExp, remedy: RegExp][] = [
    [undefined, undefined, /must be an object/, /ws:/],
    [{ exce: 'node' }, 'exce', /no option "exce"/, /Did you mean "exec"\?/],
    [{ class: ['core'] }, 'classes', /no option "class"/, /Did you mean "classes"\?/],
    [{ quiet: true }, 'quiet', /no option "quiet"/, /Use some of role, url, exec/],
    [{ role: 'sender' }, 'role', /server or client/, /Leave it out/],
    [{ url: 7 }, 'url', /"url" must be text/, /Correct url/],
    [{ url: 'http://127.0.0.1/' }, 'url', /neither a WebSocket URL/, /Write ws:/],
    [{ url: 'ws://h:{port}/' }, 'url', /place for a port/, /add exec with the command/],
    [{ url, classes: ['cor'] }, 'classes', /no class "cor"/, /Did you mean "core"/],
    [{ url, only: [1] }, 'only', /"only" must be text or a list/, /Correct only/],
    [{ url, patience: '5' }, 'patience', /"patience" must be an integer/, /Correct patience/],
    [{ url, patience: -1 }, 'patience', /from 0 to 600000/, /in that range/],
    [{ url, maxWait: 5_000 }, 'maxWait', /for a client under test/, /Leave it out/],
    [{ role: 'client', exec: 'x', jwtSecret: 's' }, 'jwtSecret', /for a server under test/, /Leave it out/],
    [{ url, token: 't', jwtSecret: 's' }, 'jwtSecret', /^token and jwtSecret exclude/, /one way/],
    [{ url, repeat: 2, repetition: 1 }, 'repetition', /^repeat and repetition exclude/, /with repeat, or/],
    [{ url, headers: { a: 1 } }, 'headers', /map from header name to text/, /./],
    [{ url, users: [{ name: 'a' }] }, 'users', /list of accounts/, /./],
    [{ url, users: [{ user: 'a b' }] }, 'users', /users:1: this is no account/, /one account a line/],
    [{ url, users: 'no-such-file' }, 'users', /cannot read the list of accounts no-such-file/, /Check the name/],
    [{ url, baseline: [1] }, 'baseline', /list of ids/, /./],
    [{ url, lastFailed: { scenarios: 'x' } }, 'lastFailed', /that report is no JSON report/, /./],
    [{ url, lastFailed: { scenarios: [] } }, 'lastFailed', /nothing failed in that report/, /Leave lastFailed out/],
    [{ url, ca: '-----BEGIN x' }, 'ca', /the text of ca holds no certificate/, /./],
    [{ url, failOn: 'error' }, 'failOn', /failOn does not know "error"/, /failOn warning/],
    [{ url, seed: 'a b' }, 'seed', /cannot be a seed/, /Use 1 to 64/],
    [{ url, describe: { protocol: 'x' } }, 'describe', /is not valid/, /./],
    [{ url, signal: {} }, 'signal', /must be an AbortSignal/, /AbortController/],
  ];
  for (const [options, field, message, remedy] of rows) {
    const error = await errorOf(options);
    const name = JSON.stringify(options) ?? 'undefined';
    t.type(error, KitError, name);
    t.equal(error.code, 'usage', name);
    t.equal(error.field, field, name);
    t.match(error.message, message, name);
    t.match(error.remedy, remedy, name);
    t.notMatch(`${error.message} ${error.remedy}`, /--[a-z]/, `${name}: no words of the command line`);
  }
});

t.test('every option of the command line is one for programs, or known to be for the command line alone', async (t) => {
  for (const { name } of OPTIONS) t.equal(FIELDS.has(fieldOf(name)), !CLI_ONLY.has(name), name);
  const names = new Set(['class', ...OPTIONS.map(({ name }) => name)]);
  for (const name of CLI_ONLY) t.ok(names.has(name), `${name} is an option`);
});

t.test('what a program hands over is what a file would say', async (t) => {
  const users = [{ user: 'a' }, { user: 'b', token: 't' }, { user: 'b', device: 'd', token: 'u' }];
  const { role, settings } = settingsOf({
    ...{ url, users, baseline: ['server/core/x#y # known', ''], classes: 'core', only: undefined },
    headers: { 'X-A': 'b' },
  });
  const options = await runOptionsFrom(settings, settings, undefined, role);
  t.strictSame(options.users, users);
  t.strictSame(options.baseline, ['server/core/x#y']);
  t.strictSame(options.classes, ['core']);
  t.strictSame([options.concurrency, options.patienceMs, options.only], [32, 500, []], 'the defaults');
  t.strictSame(
    options.replayArguments,
    [url, '--class', 'core', '--header', "'X-A: b'", '--users', '"$USERS"'],
    'a replay line names a variable for what no shell can hold',
  );
});
