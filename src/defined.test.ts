import t from 'tap';
import { defined } from './defined.js';

type Example = { name: string; level?: 'MUST' | 'SHOULD'; lines?: string[]; count?: number };

const perhaps = <T>(value: T, there: boolean): T | undefined => (there ? value : undefined);

t.test('only undefined members are dropped: null, 0 and the empty text are values', async (t) => {
  t.strictSame(defined({ a: undefined, b: null, c: 0, d: '', e: false }), {
    b: null,
    c: 0,
    d: '',
    e: false,
  });
});

t.test('what is perhaps undefined becomes an optional member, also for the compiler', async (t) => {
  for (const there of [true, false]) {
    const example: Example = {
      name: 'x',
      ...defined({ level: perhaps('MUST' as const, there), count: perhaps(0, there) }),
    };
    const whole: Example = defined({ name: 'x', lines: perhaps(['a'], there) });
    t.equal('level' in example, there);
    t.equal('lines' in whole, there);
  }
});

t.test('a default is not overwritten by a member that is undefined', async (t) => {
  t.equal({ count: 4, ...defined({ count: perhaps(5, false) }) }.count, 4);
});
