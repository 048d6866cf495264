import t from 'tap';
import { EarlierMessages } from './earlier-messages.js';

t.test('a message is that of its sender, and the oldest are forgotten first', async (t) => {
  const earlier = new EarlierMessages();
  earlier.note('u1', 'first');
  t.ok(earlier.has('u1', 'first'));
  t.notOk(earlier.has('u2', 'first'), 'another user may use the same id');
  for (let i = 0; i < 99_999; i += 1) earlier.note('u1', `m${i}`);
  t.ok(earlier.has('u1', 'first'));
  earlier.note('u1', 'first');
  earlier.note('u1', 'one more');
  t.ok(earlier.has('u1', 'first'), 'noted again');
  t.notOk(earlier.has('u1', 'm0'));
});
