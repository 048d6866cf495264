import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { packageRoot } from '../../src/package-root.js';
import { type Case, playCases } from './testing/bad-cases.js';
import type { Outcome } from './testing/run-kit.js';

const GOOD = join(packageRoot, 'examples', 'bare-client-js', 'client.js');
const BOT = join(packageRoot, 'src', 'harness', 'testing', 'hostile-bot.mjs');
/** Some are waited for as long as a bot may take to start; the machine may be busy. */
const BOUND_MS = 400_000;
const MAX_RSS_KB = 700 * 1024;
/** What a bot of this kind prints must not become longer than that in a message. */
const MAX_MESSAGE = 20_000;

const smallMemory = (t: Test, { folder, stderr }: Outcome): void => {
  const kilobytes = Number(readFileSync(join(folder, 'rss.txt'), 'utf8'));
  t.ok(kilobytes > 0 && kilobytes < MAX_RSS_KB, `${kilobytes} KB of memory`);
  t.ok(stderr.length < MAX_MESSAGE, `${stderr.length} characters on stderr`);
};

const PLAIN = 'client/sender/plain';

/** Who was judged, and not too fast for this machine. */
const accused: string[] = [];
const FEW = 5;

/**
 * A bot that is hostile once it is known: the kit judges it, keeps its memory, and leaves
 * nothing behind. A machine that is busy with a flood may be too slow to judge it, and says so.
 */
const judged = (name: string, kind: string, scenario: string, broken: readonly string[]): Case => ({
  name,
  words: ['client', '--exec', `exec node ${BOT} ${kind}`, '--only', scenario, '--patience', '0'],
  code: [1, 4],
  broken,
  check: (t, outcome) => {
    smallMemory(t, outcome);
    if (outcome.code === 1) accused.push(name);
  },
});

/** One that never gets so far: one sentence, with what it printed. */
const refused = (name: string, kind: string, code: number, says: RegExp): Case => ({
  name,
  words: ['client', '--exec', `exec node ${BOT} ${kind}`],
  code,
  says,
  check: smallMemory,
});

/** A bot whose words are none is the fault of nobody's library: nothing is concluded, and the sentence names the word. */
const unheard = (kind: string, says: RegExp, scenario = PLAIN): Case => ({
  name: kind,
  words: ['client', '--exec', `exec node ${BOT} ${kind}`, '--only', scenario],
  code: 4,
  check: (t, { stdout, stderr }) => {
    t.match(stdout, says);
    t.notMatch(`${stdout}${stderr}`, /TypeError|fault of the kit/);
  },
});

t.setTimeout(BOUND_MS);

t.test('clients and bots that do what none should neither hang nor harm the kit', { timeout: BOUND_MS }, async (t) => {
  await playCases(t, [
    refused('no hello', 'no-hello', 3, /connected, and said no hello within 20 s.*\n {2}docs\/test-a-client\.md/),
    refused(
      'no connection',
      'no-connection',
      3,
      /did not connect to ws:.* within 20 s.*\n {2}Let it connect to IM_URL/,
    ),
    refused('no token', 'no-token', 3, /without the token.*HTTP 401.*\n {2}Let it send the token/),
    refused(
      'no subprotocol',
      'no-subprotocol',
      3,
      /did not offer the subprotocol im\.ran\.v1.*HTTP 400.*\n {2}Let it offer im\.ran\.v1/,
    ),
    judged('a flood of messages', 'flood', PLAIN, ['IM-4.1-12', 'IM-4.1-11']),
    judged('a flood of words', 'flood-of-words', PLAIN, ['IM-4.1-11', 'IM-4.1-5']),
    judged('frames of half a megabyte', 'large-frames', PLAIN, ['IM-4.1-11', 'IM-4.1-12']),
    judged('garbage', 'garbage', PLAIN, ['IM-4.1-11']),
    judged('frames that are too large', 'too-large', PLAIN, ['IM-4.1-5', 'IM-4.1-11']),
    judged('a thousand connections', 'connections', PLAIN, ['IM-4.1-5']),
    judged('a thousand connections one after another', 'hot-loop', PLAIN, ['IM-4.1-5', 'IM-1-32']),
    judged('an upgrade of a target that is none', 'strange-target', PLAIN, ['IM-4.1-5']),
    judged('connections without a request', 'bare-tcp', PLAIN, ['IM-4.1-5']),
    judged('never reads', 'never-reads', 'client/receiver/plain', ['IM-4.3-3']),
    {
      name: 'answers no inventory',
      words: ['client', '--exec', `exec node ${BOT} no-inventory`, '--only', 'client/receiver/plain'],
      code: 4,
      check: (t, { stdout }) => t.match(stdout, /the bot did not answer the word inventory \(ask 1, from Alice/),
    },
    judged('hangs in exit', 'hangs-in-exit', 'client/durable/exit', ['IM-4.1-1', 'IM-4.1-5']),
    judged('prints 100 MB', 'prints', PLAIN, ['IM-4.1-5']),
    refused('flood before hello', 'flood-before-hello', 3, /sent more than any client has to say.*\n {2}docs/),
    refused('malformed hello', 'bad-hello', 2, /said a hello that is none: "words" must be 1.*\n {2}docs/),
    refused(
      'a hello without a name',
      'hello-without-name',
      2,
      /said a hello that is none: "name" must be a text.*\n {2}docs/,
    ),
    refused(
      'hello in an invalid packet',
      'bad-rid',
      3,
      /said no hello within 20 s, but sent a frame that is no valid packet: .*rid.*\n {2}docs/,
    ),
    unheard('outcome-of-nothing', /the bot said an outcome that is none: it is no object/),
    unheard('outcome-read', /an outcome that is none: "status" must be one of stored, delivered/),
    unheard('inventory-of-nothing', /an inventory that is none: it is no object/),
    unheard('word-of-no-json', /a word that is none: it is no JSON object/),
    unheard('two-words', /a word that is none: it must have one member, which is hello, inventory, outcome/),
    unheard('items-of-nothing', /an inventory that is none: "items" must be a list of bodies/, 'client/receiver/plain'),
    unheard('no-list-of-items', /an inventory that is none: "items" must be a list/, 'client/receiver/plain'),
    {
      name: 'misspelt names',
      words: ['client', '--exec', `exec node ${BOT} misspelt`, '--only', 'client/durable/exit'],
      code: 4,
      says: /names "durabel" in "classes", which this kit does not know.*names "pings" in "can"/s,
    },
    {
      name: 'durable alone is tested with the sides that the bot claims',
      words: [
        'client',
        '--exec',
        `exec node ${GOOD} --short`,
        '--class',
        'durable',
        '--only',
        'client/durable/{exit,kill-after-ack-a}',
      ],
      code: 0,
      check: (t, { stdout }) => t.match(stdout, /classes sender, receiver, durable .*2 passed/s),
    },
    {
      name: 'a side without the other',
      words: [
        'client',
        '--exec',
        `exec node ${GOOD} --short`,
        '--class',
        'durable',
        '--role',
        'sender',
        '--only',
        'client/durable/kill-after-ack-a',
      ],
      code: 4,
      check: (t, { stdout }) => t.match(stdout, /none of the chosen scenarios applies to this client/),
    },
    refused('exits at once', 'exits-at-once', 3, /(exited|ended) with code 5.* before it said hello.*no such library/s),
    {
      name: 'nobody to test',
      words: ['client'],
      code: 2,
      says: /there is no client to test.*\n {2}.*--exec.*--wait/,
    },
    { name: 'two ways', words: ['client', '--wait', '--exec', 'true'], code: 2, says: /--wait and --exec exclude/ },
    { name: 'no address', words: ['client', '--wait', '--listen', 'a b'], code: 2, says: /--listen cannot be "a b"/ },
    {
      name: 'another address',
      words: ['client', '--wait', '--listen', '192.0.2.1'],
      code: 2,
      says: /cannot listen on 192/,
    },
    {
      name: 'a port for many',
      words: ['client', '--exec', 'x', '--listen', '::1'],
      code: 2,
      says: /--listen cannot be/,
    },
    {
      name: 'half of TLS',
      words: ['client', '--wait', '--tls-cert', 'x'],
      code: 2,
      says: /--tls-cert without --tls-key/,
    },
    {
      name: 'no certificate',
      words: ['client', '--wait', '--tls-cert', 'rss.mjs', '--tls-key', 'rss.mjs'],
      code: 2,
      says: /are no certificate and its private key/,
    },
  ]);
  t.ok(accused.length >= FEW, `judged: ${accused.join(', ')}`);
});
