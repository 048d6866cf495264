import { createHmac } from 'node:crypto';
import { decodeJwt, jwtVerify, UnsecuredJWT } from 'jose';
import t from 'tap';
import type { TokenKind } from '../../../../schemas/index.js';
import { KitError } from '../../../errors.js';
import { createAuthenticate, type IdentityOptions, usesBearerOnly } from './index.js';
import { tokensOfCommand } from './token-command.js';

const URL_PLAIN = 'ws://h/';

t.test('who connects', async (t) => {
  const cases: [string, Partial<IdentityOptions>, string, string, string, Record<string, string>][] = [
    // name, options, url, device, expected url, expected headers
    ['bare name', {}, URL_PLAIN, 'default', URL_PLAIN, { Authorization: 'Bearer al' }],
    ['name and device', {}, URL_PLAIN, 'd2', URL_PLAIN, { Authorization: 'Bearer al/d2' }],
    ['template', { token: 't-{user}-{device}' }, URL_PLAIN, 'd2', URL_PLAIN, { Authorization: 'Bearer t-al-d2' }],
    ['token in the url', {}, 'ws://h/?access_token={token}', 'd2', 'ws://h/?access_token=al%2Fd2', {}],
    ['template in the url', { token: '{user}+' }, 'ws://h/?t={token}', 'default', 'ws://h/?t=al%2B', {}],
    ['user in the url', {}, 'ws://h/{user}/{device}', 'd2', 'ws://h/al/d2', {}],
    [
      'user in the url, token too',
      { token: '{user}' },
      'ws://h/{user}',
      'd2',
      'ws://h/al',
      { Authorization: 'Bearer al' },
    ],
    ['header', { headers: { 'X-User': '{user}@{device}' } }, URL_PLAIN, 'd2', URL_PLAIN, { 'X-User': 'al@d2' }],
    [
      'header that names nobody',
      { headers: { 'X-A': 'b' } },
      URL_PLAIN,
      'd2',
      URL_PLAIN,
      { 'X-A': 'b', Authorization: 'Bearer al/d2' },
    ],
    [
      'own authorization',
      { headers: { authorization: 'Basic x' } },
      URL_PLAIN,
      'd2',
      URL_PLAIN,
      { authorization: 'Basic x' },
    ],
    [
      'token in a header',
      { token: 'k{user}', headers: { 'X-T': '{token}' } },
      URL_PLAIN,
      'd2',
      URL_PLAIN,
      { 'X-T': 'kal' },
    ],
    [
      'token command',
      { tokenCommand: 'echo "{user}:$IM_USER:$IM_DEVICE"' },
      URL_PLAIN,
      'd2',
      URL_PLAIN,
      { Authorization: 'Bearer al:al:d2' },
    ],
  ];
  for (const [name, options, url, device, expectedUrl, headers] of cases) {
    const credentials = await createAuthenticate({ headers: {}, ...options })(url, 'al', device);
    t.same(credentials, { url: expectedUrl, headers }, name);
  }
});

t.test('a signed token holds user and device', async (t) => {
  const { headers } = await createAuthenticate({ jwtSecret: 'secret', headers: {} })(URL_PLAIN, 'al', 'd2');
  const token = String(headers.Authorization).replace('Bearer ', '');
  const { payload, protectedHeader } = await jwtVerify(token, new TextEncoder().encode('secret'));
  t.equal(protectedHeader.alg, 'HS256');
  t.match(payload, { sub: 'al', device: 'd2', iat: Number, exp: Number });
  t.ok(Number(decodeJwt(token).exp) > Date.now() / 1_000 + 3_600, 'it outlives a run');
});

t.test('mistakes are named', async (t) => {
  const cases: [string, Partial<IdentityOptions>, RegExp][] = [
    ['two sources', { token: '{user}', jwtSecret: 's' }, /--token and --jwt-secret were given together/],
    [
      'three sources',
      { token: '{user}', jwtSecret: 's', tokenCommand: 'c' },
      /--token and --jwt-secret and --token-command/,
    ],
    ['one user for all', { token: 'fixed' }, /no \{user\}/],
    ['empty secret', { jwtSecret: '' }, /value of --jwt-secret is empty/],
    ['header name', { headers: { 'a b': 'c' } }, /header "a b" is not valid/],
    ['header value', { headers: { a: 'b\nc' } }, /header "a" is not valid/],
    ['template with a line end', { token: '{user}\n' }, /is not valid/],
    ['handshake header', { headers: { 'Sec-WebSocket-Protocol': 'x' } }, /belongs to the WebSocket handshake/],
    ['unused token', { token: '{user}', headers: { authorization: 'x' } }, /would be used nowhere/],
    [
      'failing command',
      { tokenCommand: 'echo no keys for {user} >&2; exit 4' },
      /token command "echo no keys for al >&2; exit 4" ended with code 4\. .*\nno keys for al$/,
    ],
    ['missing command', { tokenCommand: 'no-such-command-here' }, /ended with code 127/],
    ['no token', { tokenCommand: 'true' }, /printed no token/],
    ['two lines', { tokenCommand: 'echo a; echo b' }, /not one token/],
    ['endless output', { tokenCommand: 'yes' }, /printed more than 65536 bytes/],
  ];
  for (const [name, options, message] of cases) {
    const attempt = async () => createAuthenticate({ headers: {}, ...options })(URL_PLAIN, 'al', 'default');
    await t.rejects(attempt(), { constructor: KitError, code: 'usage', message }, name);
  }
  await t.rejects(
    createAuthenticate({ headers: {} })(URL_PLAIN, 'a;b', 'default'),
    { code: 'kit' },
    'no shell syntax in ids',
  );
});

t.test('a token command is bounded, cached, and run at most eight times at once', async (t) => {
  await t.rejects(tokensOfCommand('sleep 60', 100)('al', 'default'), { message: /did not end within 100 ms/ });
  // A child in the background keeps stdout open; it must not keep the kit waiting, nor live on.
  await t.rejects(tokensOfCommand('sleep 60 & echo $!', 100)('al', 'default'), {
    message: /did not end within 100 ms/,
  });

  const folder = t.testdir({});
  const at = `"${folder}"`;
  const count = `touch ${at}/{user}; n=$(ls ${at} | wc -l); sleep 0.02; rm ${at}/{user}; echo $((n))-$$`;
  const tokens = tokensOfCommand(count);
  const users = Array.from({ length: 20 }, (_, index) => `u${index}`);
  const first = await Promise.all(users.map((user) => tokens(user, 'default')));
  t.ok(Math.max(...first.map((token) => Number.parseInt(token, 10))) <= 8, 'at most eight at once');
  t.same(await Promise.all(users.map((user) => tokens(user, 'default'))), first, 'each ran once');
});

t.test('tokens of every kind', async (t) => {
  const key = new TextEncoder().encode('secret');
  const signed = createAuthenticate({ jwtSecret: 'secret', headers: { 'X-A': 'b' } });
  const headerOf = async (header: TokenKind) => {
    const { headers } = await signed(URL_PLAIN, 'al', 'd2', { header });
    t.equal(headers['X-A'], 'b', `${header}: other headers stay`);
    return headers.Authorization === undefined ? undefined : String(headers.Authorization).replace('Bearer ', '');
  };
  const verify = async (header: TokenKind) => jwtVerify(String(await headerOf(header)), key);
  t.match((await verify('own')).payload, { sub: 'al', device: 'd2' });
  t.equal(await headerOf('none'), undefined);
  await t.rejects(verify('malformed'));
  await t.rejects(verify('expired'), { code: 'ERR_JWT_EXPIRED' });
  await t.rejects(verify('not-yet'), { code: 'ERR_JWT_CLAIM_VALIDATION_FAILED' });
  await t.rejects(verify('wrong-key'), { code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED' });
  await t.rejects(verify('tampered'), { code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED' });
  t.equal((await verify('nameless')).payload.sub, undefined);
  t.equal((await verify('misnamed')).payload.sub, 'al!');
  await t.rejects(verify('no-signature'));
  await t.rejects(verify('cut-signature'), { code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED' });
  const [head, claims, cut = ''] = String(await headerOf('cut-signature')).split('.');
  const whole = createHmac('sha256', key).update(`${head}.${claims}`).digest('base64url');
  t.ok(whole.startsWith(cut) && cut !== '' && cut !== whole, 'right as far as it goes');
  await t.rejects(verify('unsigned'));
  const unsigned = String(await headerOf('unsigned'));
  t.match(UnsecuredJWT.decode(unsigned).payload, { sub: 'al', device: 'd2' }, 'valid but for its signature');

  const bare = createAuthenticate({ headers: {} });
  t.same(await bare(URL_PLAIN, 'al', 'default', { header: 'none', query: 'own' }), {
    url: 'ws://h/?access_token=al',
    headers: {},
  });
  t.same(await bare(URL_PLAIN, 'al', 'default', { header: 'own', query: { user: 'mal', device: 'd2' } }), {
    url: 'ws://h/?access_token=mal%2Fd2',
    headers: { Authorization: 'Bearer al' },
  });
});

t.test('which tokens can be exchanged for others', (t) => {
  const cases: [name: string, options: Partial<IdentityOptions>, url: string, expected: boolean][] = [
    ['bare names', {}, URL_PLAIN, true],
    ['a key', { jwtSecret: 's' }, URL_PLAIN, true],
    ['a header that names nobody', { headers: { 'X-A': 'b' } }, URL_PLAIN, true],
    ['a header of their own', { headers: { 'X-User': '{user}' } }, URL_PLAIN, false],
    ['a token in the url', {}, 'ws://h/?access_token={token}', false],
    ['a user in the url', {}, 'ws://h/{user}', false],
  ];
  for (const [name, options, url, expected] of cases) {
    t.equal(usesBearerOnly({ headers: {}, ...options }, url), expected, name);
  }
  t.end();
});
