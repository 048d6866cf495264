import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import type { HistoryEvent } from '../../schemas/index.js';
import { KitError } from '../errors.js';
import { packageRoot } from '../package-root.js';
import { judge, readHistory, verdictOf } from './index.js';
import { simulate } from './testing/simulated-history.js';
import { BOUNDED, CLAIMS, claimsFor, FAULTY, RUN, SEED, tellFindings } from './testing/simulated-properties.js';
import { DEFECTS, type Defect, type SimulationOptions } from './testing/simulation-options.js';

const GOLDEN = join(packageRoot, 'conformance', 'histories');

t.comment(`fast-check seed ${SEED} (FC_SEED plays it again)`);

t.test('a right server is never blamed, whatever happens to links and process', (t) => {
  const run = fc.record({ ...RUN, claims: fc.constantFrom([], CLAIMS) });
  fc.assert(
    fc.property(run, (options) => {
      const { events } = simulate(options);
      const judgement = judge(events);
      if (verdictOf(judgement) !== 'passed') throw new Error(tellFindings(options, events, judgement));
    }),
    { ...BOUNDED, numRuns: 300 },
  );
  t.pass('no run was blamed');
  t.end();
});

t.test('a server whose clock is wrong by years is not blamed: no rule compares two clocks', (t) => {
  for (const offset of [-160_000_000_000, 400_000_000_000]) {
    for (let seed = 1; seed <= 20; seed += 1) {
      const { events } = simulate({ seed, faults: 0.3, kills: seed % 2, claims: seed % 3 === 0 ? CLAIMS : [] });
      const shifted = events.map((event): HistoryEvent => {
        if (event.kind !== 'got') return event;
        const packet: Record<string, unknown> = { ...event.packet };
        for (const name of ['acceptedAt', 'expiresAt', 'at']) {
          if (typeof packet[name] === 'number') packet[name] += offset;
        }
        return { ...event, packet };
      });
      t.same(judge(shifted).findings, [], `seed ${seed}`);
    }
  }
  t.end();
});

/** What a defect may break besides its own requirement: consequences that no judge can tell from a fault of their own. */
const CONSEQUENCES: Partial<Record<Defect, readonly string[]>> = {
  // One record for two messages: everything about the second is wrong.
  dedupByMsgIdOnly: [
    'IM-2-7',
    'IM-3-1',
    'IM-3-2',
    'IM-3-3',
    'IM-4.2-1',
    'IM-4.2-5',
    'IM-4.2-12',
    'IM-4.2-18',
    'IM-4.2-31',
  ],
  changesAcceptedAt: ['IM-2-19'],
  // What was reported too early is then reported as it is.
  deliveredAtPush: ['IM-3-4', 'IM-3-6'],
  inventsMessage: ['IM-4.2-13', 'IM-4.2-14'],
  // A message under the name of another user may meet one that this user has sent.
  wrongFrom: [
    'IM-2-5',
    'IM-2-7',
    'IM-2-8',
    'IM-2-9',
    'IM-2-10',
    'IM-3-3',
    'IM-3-5',
    'IM-3-6',
    'IM-4.2-2',
    'IM-4.2-5',
    'IM-4.2-13',
    'IM-4.2-14',
    'IM-4.2-26',
    'IM-4.2-30',
  ],
  newServerMsgIdOnPush: ['IM-4.2-14', 'IM-4.2-17', 'IM-4.2-30'],
  reusesServerMsgId: [
    'IM-2-5',
    'IM-3-3',
    'IM-3-5',
    'IM-3-6',
    'IM-3-7',
    'IM-4.2-12',
    'IM-4.2-14',
    'IM-4.2-15',
    'IM-4.2-16',
    'IM-4.2-17',
  ],
  // The other user may have sent a message with that msgId, too.
  receiptToOthers: ['IM-2-5', 'IM-2-8', 'IM-3-3', 'IM-4.2-24'],
  neverAnswers: ['IM-4.2-24'],
  countsSeqByPush: ['IM-4.2-36', 'IM-4.2-38'],
  miscountsAccepted: ['IM-6-14'],
};

/** Which share of the runs may show nothing although the defect struck, and why; 0.2 where nothing is said. */
const HIDDEN: Partial<Record<Defect, number>> = {
  // The other user is away, or the only one.
  pushesToWrongUser: 0.4,
  receiptToOthers: 0.4,
  // The ack is on its way before the receipt arrives: then the receipt may be true.
  deliveredAtPush: 0.7,
  // Shortly before, the client wrote something, or the server was killed.
  closesForNothing: 0.6,
  // The connection ends before its time.
  neverAnswers: 0.5,
  // A restart sets the counters back before the page is read.
  miscountsPushes: 0.5,
};
const MAY_HIDE = 0.2;

/** Plays a server with a defect. Throws when something is found that the defect does not explain. */
const playDefect = (defect: Defect, choices: Partial<SimulationOptions>) => {
  const explained: readonly string[] = [...DEFECTS[defect], ...(CONSEQUENCES[defect] ?? [])];
  const options = { ...choices, defect, claims: claimsFor(defect) };
  const { events, struck } = simulate(options);
  const judgement = judge(events);
  const { findings } = judgement;
  const foreign = struck === 0 ? findings : findings.filter(({ requirement }) => !explained.includes(requirement));
  if (foreign.length > 0) throw new Error(tellFindings(options, events, { ...judgement, findings: foreign }));
  return { struck: struck > 0, found: findings.map(({ requirement }) => requirement) };
};

for (const defect of FAULTY) {
  t.test(`a server with the defect ${defect} is blamed for it, and for nothing else`, (t) => {
    const own: readonly string[] = DEFECTS[defect];
    let struckRuns = 0;
    let silent = 0;
    let caught = 0;
    for (let seed = 1; seed <= 20; seed += 1) {
      // Half of the servers show their defect once only.
      const strikes = seed % 2 === 0 ? 1 : Number.POSITIVE_INFINITY;
      const { struck, found } = playDefect(defect, { seed, strikes, faults: 0.3, kills: seed % 3 });
      if (struck) struckRuns += 1;
      if (struck && found.length === 0) silent += 1;
      if (found.some((requirement) => own.includes(requirement))) caught += 1;
    }
    t.ok(caught >= 3, `caught in ${caught} of 20 runs`);
    t.ok(silent <= (HIDDEN[defect] ?? MAY_HIDE) * struckRuns, `${silent} of ${struckRuns} runs show nothing`);
    const run = fc.record({ ...RUN, strikes: fc.constantFrom(1, 2, Number.POSITIVE_INFINITY) });
    fc.assert(
      fc.property(run, (options) => void playDefect(defect, options)),
      { ...BOUNDED, numRuns: 40 },
    );
    t.end();
  });
}

t.test('a file that is no history is told with its place', (t) => {
  const folder = t.testdir({ 'empty.ndjson': '' });
  const head = readFileSync(join(GOLDEN, 'good-plain-exchange.ndjson'), 'utf8').split('\n')[0] as string;
  const cases: [name: string, text: string, message: RegExp][] = [
    ['headless', '{"kind":"end","at":1}\n', /:1: the first line is of kind "end", not "history"/],
    ['two-heads', `${head}\n${head}\n`, /:2: a second line of kind "history"/],
    ['cut', `${head}\n{"kind":"en`, /:2: the history ends in the middle of this line/],
    ['text', 'hello\n', /:1: the line is not JSON/],
    ['number', '7\n', /:1: the line is not a JSON object/],
    ['kind', `${head}\n{"kind":"bark","at":1}\n`, /:2: unknown kind of event "bark"/],
    [
      'member',
      `${head}\n{"kind":"open","at":1,"client":"a"}\n`,
      /:2: \/conn of the event "open" must be of type integer/,
    ],
    ['packet', `${head}\n{"kind":"got","at":1,"client":"a","conn":1,"packet":{}}\n`, /:2: unknown kind of packet/],
    [
      'id',
      `${head}\n{"kind":"got","at":1,"client":"a","conn":1,"packet":{"type":"ack:A"}}\n`,
      /:2: \/rid of the packet/,
    ],
  ];
  const read = (file: string): unknown => {
    try {
      return [...readHistory(file)];
    } catch (error) {
      return error;
    }
  };
  for (const [name, text, message] of cases) {
    const file = join(folder, `${name}.ndjson`);
    writeFileSync(file, text);
    const error = read(file);
    t.ok(error instanceof KitError && error.code === 'usage' && error.remedy !== '', name);
    t.match((error as Error).message, message, name);
  }
  t.match((read(join(folder, 'empty.ndjson')) as Error).message, /is empty/);
  t.match((read(folder) as Error).message, /is a folder/);
  t.match((read(join(folder, 'none')) as Error).message, /does not exist/);
  t.end();
});
