import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { HistoryEvent } from '../../../schemas/index.js';
import { judge, readHistory } from '../../history/index.js';
import { packageRoot } from '../../package-root.js';
import { colourPaint } from '../paint.js';
import { oneColumnEach } from './canvas.js';
import { fitLabel, shorten, wrapHard } from './fit.js';
import { type Diagram, type DiagramOptions, diagramOf, type Row, svgDiagram, textDiagram } from './index.js';
import { namesMessage } from './script-labels.js';
import { floodOf, HOSTILE, hostileHistory, LINKS, NETWORK_FAULTS } from './testing/histories.js';
import { xmlFaults } from './testing/well-formed.js';

const GOLDEN = join(packageRoot, 'conformance', 'histories');
const FIXTURES = join(packageRoot, 'src', 'report', 'diagram', 'fixtures');
const WIDTHS = [100, 80, 60, 50, 40] as const;
/** Anything that a terminal or a CI log would obey. */
const OBEYED = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]|^::/u;

const load = (name: string): HistoryEvent[] => [...readHistory(join(GOLDEN, `${name}.ndjson`))];

/** The first violation of a history, as a report would show it. */
const options = (events: readonly HistoryEvent[]): DiagramOptions => {
  const [violation] = judge(events).findings;
  return violation === undefined ? {} : { violation };
};

/** What must be true of every diagram, however it is drawn. */
const check = (t: Test, name: string, diagram: Diagram, limit: number): void => {
  const wrong: string[] = [];
  if (diagram.rows.length > limit) wrong.push(`${diagram.rows.length} rows`);
  for (const { states } of diagram.rows)
    if (states.length !== diagram.parties.length) wrong.push('a lifeline is missing');
  for (const width of WIDTHS) {
    for (const unicode of [true, false]) {
      const lines = textDiagram(diagram, { width, unicode });
      for (const line of lines) {
        if ([...line].length > width) wrong.push(`${width}: too wide: ${line}`);
        if (OBEYED.test(line)) wrong.push(`${width}: to be obeyed: ${JSON.stringify(line)}`);
        if (!unicode && /[^\x20-\x7e]/.test(line)) wrong.push(`not ASCII: ${line}`);
      }
    }
  }
  for (const fault of xmlFaults(svgDiagram(diagram))) wrong.push(fault);
  t.same(wrong, [], name);
};

t.test('every golden history can be drawn, whole and cut to its violation', async (t) => {
  const names = readdirSync(GOLDEN).flatMap((file) =>
    file.endsWith('.ndjson') ? [file.replace(/\.ndjson$/, '')] : [],
  );
  t.ok(names.length >= 186);
  for (const name of names) {
    const events = load(name);
    check(t, name, diagramOf(events), 40);
    check(t, `${name}, cut`, diagramOf(events, { ...options(events), rows: 12, clients: 2 }), 12);
  }
});

const DRAWN: readonly [name: string, events: HistoryEvent[]][] = [
  ...[
    'bad-accepted-and-never-pushed',
    'bad-lost-in-a-kill',
    'good-frozen-and-continued',
    'bad-newer-connection-dies-with-the-older',
    'bad-one-device-forgotten',
    'bad-both-copies-accepted',
    'bad-never-told-of-delivery',
    'bad-lost-with-the-slow-reader',
  ].map((name): [string, HistoryEvent[]] => [name, load(name)]),
  ['network-faults', NETWORK_FAULTS],
  ['links', LINKS],
  ['flood', floodOf(500)],
];

t.test('golden diagrams', async (t) => {
  for (const [name, events] of DRAWN) {
    const diagram = diagramOf(events, options(events));
    const text = [...textDiagram(diagram), '', ...textDiagram(diagram, { width: 60, unicode: false }), ''].join('\n');
    for (const [ending, drawn] of [
      ['txt', text],
      // As text: the linter would read it as a page.
      ['svg.txt', svgDiagram(diagram)],
    ] as const) {
      const path = join(FIXTURES, `${name}.${ending}`);
      // `tap --snapshot` writes the golden files anew; the difference is then read before it is committed.
      if (process.env.TAP_SNAPSHOT === '1') writeFileSync(path, drawn);
      t.equal(drawn, readFileSync(path, 'utf8'), `${name}.${ending}`);
    }
  }
});

t.test('that the kit puts its clients away after settling is not held against the receiver', async (t) => {
  const events = load('bad-accepted-and-never-pushed');
  const at = events.findIndex(({ kind }) => kind === 'settled') + 1;
  const closed: HistoryEvent = { kind: 'closed', at: 2_043, client: 'bob', conn: 3, by: 'kit', how: 'lost' };
  const diagram = diagramOf([...events.slice(0, at), closed, ...events.slice(at)], options(events));
  t.match(diagram.vanished, /never pushed to bob$/);
  t.ok(
    diagram.rows.some((row) => row.kind === 'arrow' && row.fate === 'missing'),
    'the packet that never came is drawn',
  );
});

const told = (row: Row): string => {
  if (row.kind === 'elision') return `${row.count} more`;
  if (row.kind !== 'arrow') return row.text;
  return [`${row.fate} ${row.toServer ? '>' : '<'} ${fitLabel(row.label, 60)}`, ...row.notes].join(', ');
};

t.test('what became of each packet', async (t) => {
  const rows: [string, HistoryEvent[], string[]][] = [
    [
      'faults of the network',
      NETWORK_FAULTS,
      [
        'lost > msg:R m1, lost',
        'lost < msg:N m1, lost',
        'arrived > msg:R m1, delayed, 2nd time',
        'lost < msg:A m1 accepted, lost',
        'arrived < msg:A m1 duplicate',
        'unanswered > msg:R m2, no answer',
        'unanswered > msg:R m2, copy, no answer',
        'fault did not fire: disconnect',
        'clock: jump',
        'closed by the server 4429 (too many requests)',
        'lost > msg:R m1, 3rd time, lost: the connection is closed',
        'refused: 503',
        'step 2 missed: gets: msg:N, of: m2',
      ],
    ],
    [
      'connections and processes',
      LINKS,
      [
        'connects, replaces #2 (#3)',
        'falls silent (#3)',
        'unanswered > ack:R m1 #2, no answer',
        'closed by the server 4409 (replaced) (#2)',
        'stops reading (#1)',
        'frozen (SIGSTOP)',
        'killed (SIGKILL)',
        'lost > msg:R m1, 2nd time, lost: the server is down',
        'resets the connection (#3)',
        'connects, and nothing comes of it (#4)',
        'started again',
      ],
    ],
  ];
  for (const [name, events, expected] of rows) {
    const all = diagramOf(events, { rows: 100 }).rows.map(told);
    t.same(
      expected.filter((words) => !all.includes(words)),
      [],
      `${name}: ${all.join(' | ')}`,
    );
  }
});

t.test('lifelines show who is there', async (t) => {
  const { rows, parties, server } = diagramOf(LINKS, { rows: 100 });
  const bob = parties.findIndex(({ name }) => name === 'bob');
  const statesOf = (party: number) => [...new Set(rows.map(({ states }) => states[party]))];
  t.same(statesOf(bob), ['away', 'open', 'silent']);
  t.same(statesOf(server), ['up', 'frozen', 'down']);
});

t.test('where the message vanished', async (t) => {
  const rows: [string, string, string | undefined][] = [
    [
      'bad-accepted-and-never-pushed',
      'm1 was accepted at 12 ms and never pushed to bob',
      'missing < msg:N m1, never came',
    ],
    ['bad-never-answered', 'm1 was last sent at 10 ms and never answered', 'missing < msg:A, never came'],
    [
      'bad-never-told-of-delivery',
      'm1 was accepted at 12 ms and acked at 18 ms, and alice was never told that it was delivered',
      'missing < ack:N delivered, never came',
    ],
    [
      'bad-not-told-of-expiry',
      'm1 was accepted at 14 ms, its lifetime of 500 ms ended, and alice was never told that it expired',
      'missing < ack:N expired, never came',
    ],
    [
      'bad-duplicate-swallows-the-resending',
      'm1 was accepted at 12 ms, pushed to bob at 14 ms, where the application did not get it, and never pushed again',
      'missing < msg:N m1, never came',
    ],
    ['bad-accepted-twice', '', undefined],
    ['bad-answer-with-another-id', '', undefined],
  ];
  for (const [name, words, packet] of rows) {
    const events = load(name);
    const { vanished = '', rows } = diagramOf(events, options(events));
    t.equal(vanished, words, name);
    t.equal(
      rows.map(told).find((text) => text.startsWith('missing')),
      packet,
      name,
    );
  }
});

t.test('the violation is marked, and stays when rows are left out', async (t) => {
  const events = floodOf(300);
  const violation = { events: [events.length - 3], about: { from: 'alice', msgId: 'm-150' } };
  const { rows } = diagramOf(events, { violation, rows: 10 });
  t.ok(rows.length <= 10);
  t.match(rows.map(told), ['connects', 'connects', 'arrived > msg:R m150', 'arrived < msg:A m150 accepted']);
  const whole = diagramOf(events, { violation: { events: [500] }, rows: 9 });
  t.ok(whole.rows.some((row) => row.kind !== 'elision' && row.violating));
  t.ok(whole.rows.some((row) => row.kind === 'elision'));
});

t.test('hostile text stays text, and no column drifts', async (t) => {
  for (const text of HOSTILE) {
    const events = hostileHistory(text);
    const violation = { events: [8, 9], about: { from: text, msgId: text } };
    for (const diagram of [diagramOf(events), diagramOf(events, { violation })]) {
      check(t, JSON.stringify(text.slice(0, 20)), diagram, 40);
      const svg = svgDiagram(diagram);
      t.notMatch(svg, /<script|<svg [^x]|onload=alert\(1\)>|<!--|]]>/, 'nothing of it is markup');
    }
  }
});

t.test('fifty thousand events are drawn in a few rows', async (t) => {
  const events = floodOf(17_000);
  t.ok(events.length > 50_000);
  let read = 0;
  const counted = function* () {
    for (const event of events) {
      read += 1;
      yield event;
    }
  };
  const diagram = diagramOf(counted(), { violation: { events: [9, 25_000] } });
  t.equal(read, events.length, 'one pass');
  t.ok(diagram.rows.length <= 40);
  t.ok(svgDiagram(diagram).length < 60_000);
  const left = diagram.rows
    .map((row) => (row.kind === 'elision' ? row.count : 1))
    .reduce((sum, count) => sum + count, 0);
  t.ok(left > 50_000, 'every row is shown or counted');
});

t.test('colour changes nothing but colour', async (t) => {
  const diagram = diagramOf(NETWORK_FAULTS);
  const painted = textDiagram(diagram, { paint: colourPaint });
  t.match(painted.join('\n'), '\u001b[31m');
  t.same(
    painted.map((line) => line.replace(/\u001b\[\d+m/g, '').trimEnd()),
    textDiagram(diagram),
  );
});

t.test('an SVG says everything without script, ids or colour', async (t) => {
  const events = load('bad-lost-in-a-kill');
  const svg = svgDiagram(diagramOf(events, options(events)));
  t.notMatch(svg, / id=|href|<script|url\(/);
  t.match(
    svg,
    /<g class="imd-row [^>]*imd-hot" tabindex="0" role="img" aria-label="[^"]*named by the violation"><title>/,
  );
  t.match(svg, /prefers-color-scheme:dark/);
  t.notMatch(svgDiagram(diagramOf(events), { style: false }), '<style');
});

t.test('words that fit', async (t) => {
  const label = { type: 'msg:N', id: '01a2245c-9e31-76de-9787-7b5a5b41cb46', more: ['seq 5', '#2'] };
  for (const width of [40, 24, 16, 13, 6, 3]) t.ok([...fitLabel(label, width)].length <= width, `${width}`);
  t.equal(shorten('abcdefghij', 5), 'ab…ij');
  t.same(wrapHard('aa bb cccccc d', 5), ['aa bb', 'ccccc', 'c d']);
  t.equal(oneColumnEach('é漢\u0301', true), 'é\\u{6f22}\\u{301}');
  const labels: [string, string, boolean][] = [
    ['bob: { drops: msg:N, of: m1 }', 'm1', true],
    ['bob: { drops: msg:N, of: m1..m3 }', 'm2', true],
    ['bob: { drops: msg:N, of: [a1, m1..m1000000] }', 'm999999', true],
    ['bob: { drops: msg:N, of: m1..m3 }', 'm4', false],
    ['bob: { drops: msg:N, of: m1..m3 }', 'm', false],
    ['bob drops it', 'm1', false],
  ];
  for (const [step, message, expected] of labels) t.equal(namesMessage(step, message), expected, `${step} ${message}`);
});
