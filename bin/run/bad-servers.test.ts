import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { playCases } from './testing/bad-cases.js';
import { ONE, type Outcome } from './testing/run-kit.js';

const MAX_RSS_KB = 600 * 1024;
/** Shorter bounds: what a bad server does not answer must not cost ten seconds. */
const QUICK = ['--describe', 'quick.yaml', '--patience', '500'];

const smallMemory = (t: Test, { folder }: Outcome): void => {
  const kilobytes = Number(readFileSync(join(folder, 'rss.txt'), 'utf8'));
  t.ok(kilobytes > 0 && kilobytes < MAX_RSS_KB, `${kilobytes} KB of memory`);
};

t.test('servers that cannot be reached, or that send what no server may send', async (t) => {
  await playCases(t, [
    // What has to wait for a bound of the kit goes first.
    { name: 'never answers', subject: 'silent', code: 3, says: /did not answer the WebSocket upgrade within 10000 ms/ },
    { name: 'drips', subject: 'drips', code: 3, says: /did not answer the WebSocket upgrade within 10000 ms/ },
    {
      name: 'no HTTP beside WebSocket',
      subject: 'no-http',
      code: 3,
      says: /did not answer at \/\.well-known\/im-ran within 10000 ms.*\n {2}.*404.*--describe FILE/,
    },
    {
      name: 'a million receipts',
      subject: 'receipt-flood',
      words: ONE,
      code: 1,
      broken: ['IM-4.2-18', 'IM-2-1'],
      check: smallMemory,
    },
    {
      name: 'a million packets with a fault',
      subject: 'packet-flood',
      words: ONE,
      code: 1,
      broken: ['IM-2-1'],
      check: smallMemory,
    },
    {
      name: 'a million texts of another protocol',
      subject: 'foreign-flood',
      words: ONE,
      code: 3,
      says: /speaks something else than im\.ran\.v1: it sent "\{\}", and no answer to a msg:R.*\n {2}Give the url/,
      check: smallMemory,
    },
    {
      name: '80 MB',
      subject: 'huge-frame',
      words: ONE,
      code: 1,
      broken: ['IM-2-1'],
      check: smallMemory,
    },
    { name: 'garbage', subject: 'garbage-text', words: [...ONE, ...QUICK], code: 1, broken: ['IM-1-3'] },
    { name: 'binary', subject: 'binary', words: [...ONE, ...QUICK], code: 1, broken: ['IM-1-3', 'IM-2-1'] },
    {
      name: 'no subprotocol',
      subject: 'no-subprotocol',
      words: ONE,
      code: 1,
      says: /did not select the subprotocol im\.ran\.v1/,
      broken: ['IM-1-1'],
    },
    {
      name: 'no such host',
      words: ['ws://no-such-host.invalid/'],
      code: 3,
      says: /no-such-host\.invalid.*\n {2}Check /,
    },
    { name: 'TLS there', subject: 'tls', swapped: true, code: 3, says: /speaks TLS.*\n {2}Use wss:\/\/127/ },
    { name: 'no TLS there', subject: 'good', swapped: true, code: 3, says: /does not speak TLS.*\n {2}Use ws:\/\/127/ },
    {
      name: 'unknown authority',
      subject: 'tls',
      code: 3,
      says: /authority that this machine does not know.*\n {2}.*--ca FILE/,
    },
    { name: '404', subject: 'status-404', code: 3, says: /HTTP 404.*\n {2}Is the path right\?/ },
    { name: '401', subject: 'status-401', code: 3, says: /token.*HTTP 401.*\n {2}.*--token/ },
    { name: 'closes at once', subject: 'closes-at-once', code: 3, says: /closed it before it answered.*\n {2}Check/ },
    { name: 'resets', subject: 'resets', code: 3, says: /closed it before it answered.*\n {2}Check/ },
    { name: 'not HTTP', subject: 'not-http', code: 3, says: /did not answer in HTTP.*\n {2}Check the port/ },
    { name: 'closes later', subject: 'closes-after-upgrade', code: 3, says: /at once \(code 1008, "not today"\)/ },
    { name: 'resets later', subject: 'resets-after-upgrade', code: 3, says: /closed the connection at once/ },
    {
      name: 'a place for no port',
      words: ['ws://127.0.0.1:{port}/'],
      code: 2,
      says: /place for a port.*\n {2}.*--exec/,
    },
  ]);
});
