import t from 'tap';
import { KitError } from './errors.js';
import { fillNames, fillText, fillTree, placesIn, type Resolve } from './template.js';

const resolve: Resolve = ({ name, argument }) =>
  ({ limit: 20, list: [1], word: 'two', user: `${argument}.7`, nothing: undefined })[name];

t.test('a text is filled', async (t) => {
  const cases: [text: string, filled: unknown][] = [
    ['plain', 'plain'],
    ['{word}', 'two'],
    ['{limit}', 20],
    ['{limit+1}', 21],
    ['{list}', [1]],
    ['m1..m{limit-5}', 'm1..m15'],
    ['{user:alice}-b', 'alice.7-b'],
    ['{word}{word}', 'twotwo'],
    ['{unknown} and {nothing} stay', '{unknown} and {nothing} stay'],
    ['{unknown}', '{unknown}'],
    ['{"rid":"{word}"}', '{"rid":"two"}'],
    ['{{word}}', '{two}'],
    ['{constructor}', '{constructor}'],
  ];
  const own: Resolve = (place) => (place.name === 'constructor' ? undefined : resolve(place));
  for (const [text, filled] of cases) t.strictSame(fillText(text, own), filled, text);
  t.throws(() => fillText('{word+1}', resolve), KitError);
});

t.test('so is a tree', async (t) => {
  t.strictSame(fillTree({ '{word}': ['{word}', 7, null], in: { limit: '{limit}' } }, resolve), {
    '{word}': ['two', 7, null],
    in: { limit: 20 },
  });
  t.match(placesIn({ a: ['{user:bob}', 'x{limit-3}'], b: null }), [
    { name: 'user', argument: 'bob', add: 0, text: '{user:bob}' },
    { name: 'limit', add: -3 },
  ]);
});

t.test('plain names take texts, which may be encoded', async (t) => {
  const values = { user: 'al/1', port: '80', token: undefined };
  const cases: [text: string, filled: string][] = [
    ['{user}', 'al/1'],
    ['{{port}}:{port}', '{80}:80'],
    ['{token} and {other} stay', '{token} and {other} stay'],
    ['{port+1} and {user:al} stay', '{port+1} and {user:al} stay'],
    ['{toString}', '{toString}'],
  ];
  for (const [text, filled] of cases) t.equal(fillNames(text, values), filled, text);
  t.equal(fillNames('?u={user}', values, encodeURIComponent), '?u=al%2F1');
});
