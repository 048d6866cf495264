import t from 'tap';
import { DEFAULT_TIMERS } from '../../schemas/index.js';
import { KitError } from '../errors.js';
import { durationMs } from '../script/durations.js';
import { expandLabels } from '../script/labels.js';
import { parseSource } from '../script/source.js';
import { sweepValues } from '../script/sweep.js';
import { userIdOf } from '../script/user-id.js';
import { bodyOfBytes, bodyText } from './client/bodies.js';
import { loadScenarios, parseScenarioFile } from './index.js';

const HEAD = `scenario: A message arrives
class: core
proves: [IM-3-1]
clients: [alice, bob]
`;
const parse = (text: string) => parseScenarioFile(parseSource(text, 'x.yaml'), 'server/core/x');

t.test('a bad file is refused with its line and a remedy', async (t) => {
  const script = (step: string) => `${HEAD}script:\n  - alice: { sends: m1, to: bob }\n  - ${step}\n`;
  const cases: [name: string, text: string, line: number, words: RegExp][] = [
    ['broken YAML', 'scenario: [', 1, /./],
    ['unknown member', `${HEAD}colour: red\nscript: [{ waits: 1, because: 'it is needed' }]\n`, 5, /colour/],
    ['no script', HEAD, 1, /script/],
    ['unknown verb', script('alice: { shouts: m1 }'), 7, /alice has no known verb \(it says: shouts\)/],
    ['two verbs', script('alice: { resends: m1, acks: m1 }'), 7, /two verbs: resends, acks/],
    ['unknown option', script('alice: { resends: m1, loudly: true }'), 7, /alice resends: .*loudly/],
    ['unknown client', script('carol: { resends: m1 }'), 7, /no client is called "carol"/],
    ['unknown label', script('bob: { gets: msg:N, of: m2 }'), 7, /names "m2", which nobody sent/],
    ['bad label', script('bob: { gets: msg:N, of: M1 }'), 7, /\/of/],
    ['bad requirement', script('bob: { gets: msg:N, by: R-1 }'), 7, /\/by/],
    ['unknown place', script('alice: { resends: m1, times: "{fualt}" }'), 7, /holds {fualt}, which stands for nothing/],
    [
      'unknown client in a text',
      script("alice: { writes: { text: '{user:carol}' }, what: a test }"),
      7,
      /names "carol", which is no client/,
    ],
    [
      'unknown label in an aim',
      script('subject: { crashes: true, when: { client: bob, gets: msg:N, of: m7 } }'),
      7,
      /names "m7", which nobody sent/,
    ],
    [
      'unknown client in an aim',
      script('subject: { freezes: 10, before: { client: carol, gets: msg:N } }'),
      7,
      /names "carol", which is no client/,
    ],
    ['unknown axis', script('insert: fault'), 7, /no axis "fault"/],
    ['bad server verb', script('subject: { explodes: true }'), 7, /subject has no known verb/],
    [
      'a sweep that is not sorted',
      script('{ sweep: [0, 2, 1], steps: [{ alice: { pings: true } }] }'),
      7,
      /least to the/,
    ],
    ['two actors', script('{ alice: { resends: m1 }, bob: { resends: m1 } }'), 7, /one actor/],
    ['wrong class', `${HEAD.replace('core', 'durable')}script:\n  - alice: { pings: true }\n`, 2, /durable.*core/],
    ...['user: "{user:eve}-b"', 'user: "{user:bob}-b"', 'userOf: bob', 'user: "{user:alice}-b", userOf: alice'].map(
      (options): [string, string, number, RegExp] => [
        `a client with ${options}`,
        `${HEAD.replace('[alice, bob]', `{ alice: {}, bob: { user: 'b{user:alice}' }, carol: { ${options} } }`)}script:\n  - alice: { pings: true }\n`,
        4,
        /the user id of "carol" cannot be made/,
      ],
    ),
    [
      'a client called subject',
      `${HEAD.replace('bob', 'subject')}script:\n  - alice: { pings: true }\n`,
      4,
      /"subject"/,
    ],
  ];
  for (const [name, text, line, words] of cases) {
    t.test(name, async (t) => {
      const error = t.throws(() => parse(text), KitError) as unknown as KitError;
      t.equal(error.code, 'usage');
      t.match(error.message, words);
      t.match(error.message, `x.yaml:${line}:`);
      t.ok(error.remedy.length > 10, 'says what to do');
    });
  }
});

t.test('a user id may be made of another one', async (t) => {
  const cases: [user: string | undefined, id: string][] = [
    [undefined, 'carol.7'],
    ['{user:alice}-b', 'alice.7-b'],
    ['p.{user:big-bob}', 'p.big-bob.7'],
  ];
  for (const [user, id] of cases) t.equal(userIdOf({ userOf: 'carol', user }, '7'), id);
});

t.test('a matrix makes a scenario of each cell', async (t) => {
  const cells = parse(`${HEAD}matrix:
  fault:
    drop: [{ bob: { drops: msg:N, of: 'm{round}' } }]
    none: []
  at: { early: 1, late: 5 }
except: [{ cell: none.late, why: nothing is late here }]
script:
  - repeat: 2
    steps:
      - alice: { sends: 'm{round}', to: bob, times: '{at}' }
      - insert: fault
`);
  t.same(
    cells.map((cell) => cell.id),
    ['server/core/x#drop.early', 'server/core/x#drop.late', 'server/core/x#none.early'],
  );
  t.same(
    cells[1]?.steps.map((step) => [step.path, step.text]),
    [
      ['1.1', 'alice: { sends: m1, to: bob, times: 5 }'],
      ['1.2.1', 'bob: { drops: msg:N, of: m1 }'],
      ['1.1', 'alice: { sends: m2, to: bob, times: 5 }'],
      ['1.2.1', 'bob: { drops: msg:N, of: m2 }'],
    ],
  );
});

t.test('a step on the server makes the scenario exclusive, wherever it stands', async (t) => {
  const together = '[{ alice: { pings: true } }, { subject: { crashes: true } }]';
  t.equal(parse(`${HEAD}script:\n  - together: ${together}\n`)[0]?.exclusive, true);
  t.equal(parse(`${HEAD}script:\n  - alice: { pings: true }\n`)[0]?.exclusive, false);
});

t.test('a sweep is tried where the script says, or at other points between', async (t) => {
  const cases: [written: number[], points: number | undefined, repetition: number, values: number[]][] = [
    [[0, 1, 4], undefined, 1, [0, 1, 4]],
    [[0, 0.5, 4], 5, 1, [0, 0.25, 0.5, 2.25, 4]],
    [[1, 16, 64], 5, 1, [1, 9, 16, 40, 64]],
    [[1, 2, 3], 64, 1, [1, 2, 3]],
    [[0, 0.5, 8], undefined, 2, [0, 0.191, 3.365]],
    [[0, 0.5, 8], 2, 3, [0, 4.459]],
  ];
  for (const [written, points, repetition, values] of cases) {
    const choice = { repetition, ...(points === undefined ? {} : { points }) };
    t.strictSame(sweepValues(written, choice), values, JSON.stringify([written, choice]));
  }
  const [one] = parse(
    `${HEAD}script:\n  - sweep: [0, 0.5]\n    steps: [{ alice: { sends: 'm{round}', to: bob, ttlMs: '{value} x deadAfterMs' } }]\n`,
  );
  t.ok(one?.sweeps);
  t.match(one?.stepsFor({ points: 3, repetition: 1 }), [
    { action: { sends: 'm1', ttlMs: '0 x deadAfterMs' } },
    { action: { sends: 'm2', ttlMs: '0.25 x deadAfterMs' } },
    { action: { sends: 'm3', ttlMs: '0.5 x deadAfterMs' } },
  ]);
  t.notOk(parse(`${HEAD}script: [{ alice: { pings: true } }]\n`)[0]?.sweeps);
});

t.test('labels', async (t) => {
  t.same(expandLabels('m1..m3'), ['m1', 'm2', 'm3']);
  t.same(expandLabels(['a', 'b9..b11']), ['a', 'b9', 'b10', 'b11']);
  for (const bad of ['m3..m1', 'm1..n2', 'm1..m', 'm1..m999999']) t.throws(() => expandLabels(bad), KitError, bad);
});

t.test('durations and bodies follow what the subject declares', async (t) => {
  const timers = { ...DEFAULT_TIMERS, redeliverAfterMs: 300 };
  t.equal(durationMs('2 x redeliverAfterMs', timers), 600);
  t.equal(durationMs('answerWithinMs', timers), 5000);
  t.equal(durationMs(7, timers), 7);
  t.throws(() => durationMs('2 x tea', timers), KitError);
  t.equal(Buffer.byteLength(bodyOfBytes(10, 'é')), 10);
  t.equal(Buffer.byteLength(bodyOfBytes(11, '👩')), 11);
  const limits = { protocol: 'im.ran.v1' as const, limits: { maxBodyBytes: 70_000 } };
  const overheads = () => ({ request: 100, push: 200 });
  t.equal(bodyText({ limit: 1 }, 'm1', limits, overheads).length, 70_001);
  t.equal(bodyText({ limit: 0 }, 'm1', { protocol: 'im.ran.v1' }, overheads).length, 65_536);
  t.equal(bodyText(undefined, 'm1', limits, overheads), 'body of m1');
  t.equal(bodyText({ frameBytes: 4_096 }, 'm1', limits, overheads).length, 3_996);
  t.equal(bodyText({ pushBytes: 4_096 }, 'm1', limits, overheads).length, 3_896);
  t.match(bodyText({ bytes: 64 }, 'm7', limits, overheads), /^m7 /, 'no two are the same');
});

t.test('every scenario of the kit loads, and no id stands twice', async (t) => {
  const ids = loadScenarios().map((scenario) => scenario.id);
  t.ok(ids.length >= 60, `${ids.length} scenarios`);
  t.equal(new Set(ids).size, ids.length);
});
