import t from 'tap';
import type { HistoryEvent, Role } from '../../../schemas/index.js';
import { describeEvent } from './describe-event.js';

const on = { client: 'c', conn: 1, at: 5 };
const packet = { type: 'msg:N', msgId: 'm-1', from: 'alice' };

/** What is written, by what the subject is. */
const CASES: [event: object, words: Record<Role, string>][] = [
  [
    { kind: 'sent', packet },
    { server: 'c#1 → server  msg:N m-1', client: 'server → c#1  msg:N m-1' },
  ],
  [
    { kind: 'got', packet },
    { server: 'server → c#1  msg:N m-1', client: 'c#1 → server  msg:N m-1' },
  ],
  [
    { kind: 'sent-raw', what: 'a', bytes: 1 },
    { server: 'c#1 → server  a', client: 'server → c#1  a' },
  ],
  [
    { kind: 'got-invalid', errors: ['e'] },
    { server: 'server → c#1  invalid: e', client: 'c#1 → server  invalid: e' },
  ],
  [{ kind: 'got-pong' }, { server: 'server → c#1  pong', client: 'c#1 → server  pong' }],
  [
    { kind: 'closed', by: 'subject', how: 'clean' },
    { server: 'closed by the server', client: 'closed by the client' },
  ],
  [
    { kind: 'closed', by: 'kit', how: 'clean' },
    { server: 'closed by the kit', client: 'closed by the kit' },
  ],
  [
    { kind: 'subject', event: 'killing' },
    { server: 'the kit kills the server', client: 'the kit kills the client' },
  ],
];

t.test('who wrote to whom depends on what the subject is', async (t) => {
  for (const [event, words] of CASES) {
    for (const role of ['server', 'client'] as const) {
      t.ok(
        describeEvent({ ...on, ...event } as unknown as HistoryEvent, role).includes(words[role]),
        `${role}: ${words[role]}`,
      );
    }
  }
});
