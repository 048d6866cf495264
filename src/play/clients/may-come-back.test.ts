import t from 'tap';
import type { DialOutcome, Refused } from '../ports.js';
import { connectPatiently } from './may-come-back.js';

const status = (code: number): Refused => ({ ok: false, refusal: 'status', status: code, error: `HTTP ${code}` });
const later: Refused = { ...status(429), retryAfterMs: 3_000 };
const muchLater: Refused = { ...status(429), retryAfterMs: 3_600_000 };
const timeout: Refused = { ok: false, refusal: 'timeout', error: 'no answer' };
const ok: DialOutcome = { ok: true };

t.test('the pause is as long as the server asks for, within a bound', async (t) => {
  const pauses: number[] = [];
  const outcomes: DialOutcome[] = [later, muchLater, status(503), ok];
  await connectPatiently(
    async () => outcomes.shift() ?? ok,
    async (ms) => pauses.push(ms),
  );
  t.same(pauses, [3_000, 20_000, 400]);
});

t.test('an upgrade that is refused for now is tried again, and no other one', async (t) => {
  const cases: [name: string, outcomes: DialOutcome[], wanted: number | undefined, last: DialOutcome, tries: number][] =
    [
      ['at once', [ok], undefined, ok, 1],
      ['no room at first', [status(503), status(429), timeout, ok], undefined, ok, 4],
      ['a bad token', [status(401), ok], undefined, status(401), 1],
      ['a limit that the script wants', [status(429), ok], 429, status(429), 1],
      ['never', [], undefined, status(502), 6],
    ];
  for (const [name, outcomes, wanted, last, expected] of cases) {
    let tries = 0;
    const pauses: number[] = [];
    const outcome = await connectPatiently(
      async () => outcomes[tries++] ?? status(502),
      async (ms) => pauses.push(ms),
      wanted,
    );
    t.same(outcome, last, name);
    t.equal(tries, expected, `${name}: tries`);
    t.same(
      pauses,
      [...pauses].sort((a, b) => a - b),
      `${name}: the pauses grow`,
    );
  }
});
