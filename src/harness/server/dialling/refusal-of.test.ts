import t from 'tap';
import { refusalOf, retryAfterMs } from './refusal-of.js';

t.test('what the WebSocket library says of a failed upgrade has a code', async (t) => {
  const cases: [string, string][] = [
    ['Server sent no subprotocol', 'subprotocol'],
    ['Server sent an invalid subprotocol', 'subprotocol'],
    ['Opening handshake has timed out', 'timeout'],
    ['connect ECONNREFUSED 127.0.0.1:1', 'network'],
  ];
  for (const [message, refusal] of cases) t.equal(refusalOf(new Error(message)), refusal, message);
});

t.test('Retry-After is seconds or a date, and anything else is as if it were not there', async (t) => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  const cases: [string | undefined, number | undefined][] = [
    [undefined, undefined],
    ['3', 3_000],
    [' 120 ', 120_000],
    ['Thu, 01 Jan 2026 00:00:09 GMT', 9_000],
    ['Wed, 31 Dec 2025 23:00:00 GMT', 0],
    ['soon', undefined],
    ['-1', undefined],
  ];
  for (const [header, ms] of cases) t.equal(retryAfterMs(header, now), ms, `${header}`);
});
