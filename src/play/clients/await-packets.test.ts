import t from 'tap';
import { type Awaited, missOf } from './await-packets.js';

const waited = (changes: Partial<Awaited>): Awaited => ({ met: false, missing: ['m1'], matched: 0, ...changes });
const wrong = { kind: 'pong', taken: false } as const;

/** What a wait saw, and how it was missed: judges decide by that, whoever waited. */
const MISSED: [name: string, result: Awaited, miss: ReturnType<typeof missOf>][] = [
  ['nothing came', waited({}), { miss: 'nothing-came', late: true }],
  ['the connection ended', waited({ closed: 4429 }), { miss: 'connection-ended', closeCode: 4429 }],
  ['another packet', waited({ wrong }), { miss: 'wrong-packet' }],
  ['another packet, and then the end', waited({ wrong, closed: 1006 }), { miss: 'wrong-packet' }],
];

t.test('a missed wait says how it was missed', (t) => {
  for (const [name, result, miss] of MISSED) t.same(missOf(result), miss, name);
  t.end();
});
