import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { DEFAULT_TIMERS } from '../../../../schemas/index.js';
import { KitError } from '../../../errors.js';
import { pickPort } from '../../process/port.js';
import { type BadKind, startBadSubject } from '../../testing/bad-subjects.js';
import type { Authenticate } from '../credentials.js';
import { readDescriptionFile } from '../description/description-file.js';
import { claimedClasses, fetchDescription, timersOf } from '../description/index.js';
import { preflight } from './index.js';
import { connectionRefusal } from './refusals.js';

const authenticate: Authenticate = async (url, user) => ({ url, headers: { Authorization: `Bearer ${user}` } });
const wss = (url: string) => url.replace('ws:', 'wss:');

const errorOf = async (work: Promise<unknown>): Promise<KitError> => {
  const error = await work.then(
    () => new Error('the subject answered'),
    (reason: unknown) => reason,
  );
  if (error instanceof KitError) return error;
  throw error;
};

/** Only these may meet the bound: the others answer, though late on a busy machine. */
const NEVER_ANSWER: ReadonlySet<BadKind> = new Set(['silent', 'drips']);

t.test('a subject that cannot be tested says why', async (t) => {
  const cases: [BadKind, RegExp, RegExp, ((url: string) => string)?][] = [
    ['silent', /takes connections but did not answer the WebSocket upgrade within 300 ms/, /not stuck/],
    ['drips', /did not answer the WebSocket upgrade within 300 ms/, /not stuck/],
    ['closes-at-once', /closed it before it answered the WebSocket upgrade/, /port/],
    ['resets', /closed it before it answered the WebSocket upgrade/, /port/],
    ['not-http', /did not answer in HTTP/, /port/],
    ['closes-after-upgrade', /closed the connection at once \(code 1008, "not today"\)/, /HTTP 401/],
    ['resets-after-upgrade', /closed the connection at once \(code 1006\)/, /log/],
    ['status-200', /with HTTP 200/, /WebSocket endpoint/],
    ['status-302', /redirects the WebSocket upgrade \(HTTP 302\) to \/elsewhere/, /no redirects/],
    ['status-400', /with HTTP 400\. It said: why: because$/, /subprotocol im\.ran\.v1/],
    ['status-401', /does not accept the kit's token.*HTTP 401/, /--token, --jwt-secret/],
    ['status-403', /does not accept the kit's token.*HTTP 403/, /--token-command/],
    ['status-404', /with HTTP 404/, /path/],
    ['status-418', /with HTTP 418/, /HTTP 101/],
    ['status-429', /with HTTP 429/, /rate limit/],
    ['status-500', /with HTTP 500/, /log of the server/],
    ['tls', /certificate of wss:.* comes from an authority .*SELF_SIGNED/, /--ca FILE/],
    ['tls', /speaks TLS, but the url asks for a plain connection/, /Use wss:/, (url) => url.replace('wss:', 'ws:')],
    ['good', /does not speak TLS; a plain HTTP server answers/, /Use ws:/, wss],
    ['not-http', /TLS handshake with wss:.* failed/, /TLS settings/, wss],
  ];
  await Promise.all(
    cases.map(async ([kind, message, remedy, change = (url: string) => url]) => {
      const subject = await startBadSubject(kind);
      const error = await errorOf(preflight(change(subject.url), authenticate, NEVER_ANSWER.has(kind) ? 300 : 10_000));
      t.match(error, { code: 'unreachable', message, remedy }, `${kind}: ${error.message}`);
      await subject.close();
    }),
  );
});

t.test('an url that leads nowhere', async (t) => {
  const free = `ws://127.0.0.1:${await pickPort()}/`;
  const cases: [string, string, RegExp, RegExp][] = [
    [free, 'unreachable', /Nothing listens at ws:.*refused/, /--exec/],
    [
      'ws://no-such-host.invalid/',
      'unreachable',
      /No host named "no-such-host\.invalid"|could not be looked up/,
      /spelling/,
    ],
    ['not a url', 'usage', /"not a url" is not a URL/, /ws:\/\/127/],
    ['localhost:8080', 'usage', /does not begin with ws:\/\/ or wss:\/\//, /Write it like/],
    ['https://h/p', 'usage', /is not a WebSocket URL/, /Use wss:\/\/h\/p instead/],
    ['ws://h/#x', 'usage', /fragment \(#x\)/, /Leave it out/],
  ];
  for (const [url, code, message, remedy] of cases) {
    t.match(await errorOf(preflight(url, authenticate)), { code, message, remedy }, url);
  }
  // Faults of a network that a test cannot make.
  const codes: [string, RegExp][] = [
    ['EAI_AGAIN', /could not be looked up/],
    ['EHOSTUNREACH', /cannot be reached \(EHOSTUNREACH\)/],
    ['ETIMEDOUT', /cannot be reached/],
    ['CERT_HAS_EXPIRED', /has expired/],
    ['ERR_TLS_CERT_ALTNAME_INVALID', /is for another host/],
    ['', /failed: odd/],
  ];
  for (const [code, message] of codes) {
    t.match(
      connectionRefusal('wss://h/', Object.assign(new Error('odd'), { code })),
      { code: 'unreachable', message },
      code,
    );
  }
});

t.test('a subject that answers, whatever is behind it', async (t) => {
  const kinds: BadKind[] = ['good', 'garbage-text', 'binary', 'huge-frame', 'packet-flood', 'foreign-flood'];
  for (const kind of kinds) {
    const subject = await startBadSubject(kind);
    t.same(await preflight(subject.url, authenticate), { notes: [] }, kind);
    await subject.close();
  }
  const subject = await startBadSubject('no-subprotocol');
  t.match(await preflight(subject.url, authenticate), { notes: [/did not select the subprotocol/] });
  await subject.close();
});

t.test('the served description', async (t) => {
  let answer = { status: 200, type: 'application/json', text: '' };
  const server = createServer((request, response) => {
    t.equal(request.url, '/.well-known/im-ran');
    response.writeHead(answer.status, { 'content-type': answer.type }).end(answer.text);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.teardown(() => server.close());
  const url = () => `ws://127.0.0.1:${(server.address() as AddressInfo).port}/chat?x={user}`;
  const valid = { protocol: 'im.ran.v1', classes: ['core', 'durable'], timers: { answerWithinMs: 70 } };
  const cases: [string, Partial<typeof answer>, unknown][] = [
    ['valid', { text: JSON.stringify({ ...valid, invalid: ['x'], more: 1 }) }, valid],
    ['not found', { status: 404, text: JSON.stringify(valid) }, undefined],
    ['start page', { type: 'text/html', text: '<html>' }, undefined],
    ['broken', { text: '{' }, { invalid: [/it is not JSON/] }],
    [
      'wrong field',
      { text: JSON.stringify({ ...valid, timers: { answerWithinMs: 0 } }) },
      { invalid: [/answerWithinMs/] },
    ],
    ['no object', { text: '[]' }, { invalid: [/object/] }],
    ['too large', { text: ' '.repeat(70_000) }, { invalid: [/larger than 65536 bytes/] }],
    ['large page', { type: 'text/html', text: ' '.repeat(70_000) }, undefined],
  ];
  for (const [name, change, expected] of cases) {
    answer = { status: 200, type: 'application/json', text: '', ...change };
    const description = await fetchDescription(url());
    if (name === 'valid' || expected === undefined) t.same(description, expected, name);
    else t.match(description, expected as object, name);
  }
  t.equal(await fetchDescription(`ws://127.0.0.1:${await pickPort()}/`), undefined, 'no server');
  answer = { status: 200, type: 'application/json', text: JSON.stringify({ ...valid, clases: ['core'], limitz: {} }) };
  t.match(await errorOf(fetchDescription(url())), { code: 'usage', message: /"limitz".*Did you mean "limits"/ });
});

t.test('a described server', (t) => {
  t.same(timersOf(undefined), DEFAULT_TIMERS);
  t.same(timersOf({ protocol: 'im.ran.v1', timers: { deadAfterMs: 7 } }), { ...DEFAULT_TIMERS, deadAfterMs: 7 });
  t.same(claimedClasses(undefined), ['core']);
  t.same(claimedClasses({ protocol: 'im.ran.v1', classes: ['durable'] }), ['durable']);

  const folder = t.testdir({
    'good.yaml': 'protocol: im.ran.v1\nclasses: [core]\nlater: 1\n',
    'good.json': '{"protocol":"im.ran.v1"}',
    'field.yaml': 'protocol: im.ran.v1\nclasses: [cores]\n',
    'slip.yaml': 'protocol: im.ran.v1\ntimers: { answerWithinMS: 70 }\n',
    'syntax.yaml': 'a: [1\nb: {',
    'empty.yaml': '',
  });
  t.same(readDescriptionFile(`${folder}/good.yaml`), { protocol: 'im.ran.v1', classes: ['core'] });
  t.same(readDescriptionFile(`${folder}/good.json`), { protocol: 'im.ran.v1' });
  const bad: [string, RegExp][] = [
    ['field.yaml', /field\.yaml" is not valid: \/classes/],
    ['syntax.yaml', /syntax\.yaml" is neither JSON nor YAML: ./],
    ['slip.yaml', /has a member "timers\.answerWithinMS".*Did you mean "timers\.answerWithinMs"/],
    ['empty.yaml', /empty\.yaml" is not valid/],
    ['missing.yaml', /missing\.yaml" could not be read/],
  ];
  for (const [file, message] of bad) {
    t.throws(() => readDescriptionFile(`${folder}/${file}`), { constructor: KitError, code: 'usage', message }, file);
  }
  t.end();
});
