import fc from 'fast-check';
import t from 'tap';
import type { HistoryEvent } from '../../schemas/index.js';
import { seededRandom } from '../seeded-random.js';
import { judge } from './index.js';
import { simulate } from './testing/simulated-history.js';
import {
  BOUNDED,
  CLAIMS,
  claimsFor,
  FAULTY,
  OF_CLAIMS,
  RUN,
  renamed,
  SEED,
  shape,
  tellFindings,
} from './testing/simulated-properties.js';
import type { Defect } from './testing/simulation-options.js';

t.comment(`fast-check seed ${SEED} (FC_SEED plays it again)`);

/** A property over servers of which some have a defect: a right server alone would hide a judge that sees nothing. */
const overServers = (check: (events: HistoryEvent[], seed: number) => void, kills = 2): void => {
  const defect = fc.constantFrom<Defect>('none', ...FAULTY);
  const run = fc.record({ ...RUN, kills: fc.integer({ min: 0, max: kills }), defect, claimsAll: fc.boolean() });
  fc.assert(
    fc.property(run, ({ claimsAll, ...options }) => {
      const claims = claimsAll ? CLAIMS : claimsFor(options.defect);
      check(simulate({ ...options, strikes: 2, claims }).events, options.seed);
    }),
    { ...BOUNDED, numRuns: 120 },
  );
};

t.test('what is found does not depend on names', (t) => {
  const there = (id: string) => `Q${[...id].reverse().join('')}z`;
  const back = (id: string) => [...id.slice(1, -1)].reverse().join('');
  overServers((events) => {
    const [before, after] = [shape(events), shape(renamed(events, there), back)];
    if (before.join() !== after.join()) throw new Error(`${before.join('\n')}\nrenamed:\n${after.join('\n')}`);
  });
  t.pass('ids may be renamed');
  t.end();
});

t.test('what is found does not depend on the hour at which the history began', (t) => {
  overServers((events, seed) => {
    const later = events.map((event) =>
      event.kind === 'history' ? event : { ...event, at: event.at + (seed & 0xffff) },
    );
    const moved = later.map((event) =>
      event.kind === 'metrics' ? { ...event, askedAt: event.askedAt + (seed & 0xffff) } : event,
    );
    const [before, after] = [shape(events), shape(moved as HistoryEvent[])];
    if (before.join() !== after.join()) throw new Error(`${before.join('\n')}\nlater:\n${after.join('\n')}`);
  });
  t.pass('clocks may be shifted');
  t.end();
});

/** Two histories of users who have nothing to do with each other as one, each in its order, shuffled by chance. */
const together = (one: readonly HistoryEvent[], other: readonly HistoryEvent[], seed: number): HistoryEvent[] => {
  const random = seededRandom(seed);
  const mixed: HistoryEvent[] = [];
  const queues: HistoryEvent[][] = [[...one], [...other]];
  let at = 0;
  const put = (event: HistoryEvent): void => {
    if (event.kind !== 'history') at = Math.max(at, event.at);
    mixed.push(event.kind === 'history' ? event : { ...event, at });
  };
  // Nobody is settled before all begin to settle.
  for (const milestone of ['settling', 'settled', 'end']) {
    const left = () => queues.filter((queue) => queue[0] !== undefined && queue[0].kind !== milestone);
    for (let open = left(); open.length > 0; open = left()) {
      const event = open[Math.floor(random() * open.length)]?.shift() as HistoryEvent;
      if (event.kind !== 'history' || mixed.length === 0) put(event);
    }
    const ends = queues.map((queue) => queue.shift() as HistoryEvent);
    put(ends.reduce((last, end) => (Number('at' in end && end.at) > Number('at' in last && last.at) ? end : last)));
  }
  return mixed;
};

/** The same history with other users, on other connections. */
const apart = (events: readonly HistoryEvent[]): HistoryEvent[] =>
  renamed(events, (id) => `x${id}`)
    .filter((event) => event.kind !== 'subject')
    .map((event) => ('conn' in event ? { ...event, conn: event.conn + 10_000 } : event));

/**
 * A copy taken for a new message breaks IM-4.2-2, or IM-4.2-6 of a server that was seen to know copies: what others
 * send shows which it is, so two findings about one message may be of two requirements, or of one.
 */
const knowingNoCopies = (found: readonly string[]): string[] =>
  [...new Set(found.map((finding) => finding.replace(/^IM-4\.2-6 /, 'IM-4.2-2 ')))].sort();

t.test('what is found of some users does not depend on what others do meanwhile', (t) => {
  const defect = fc.constantFrom<Defect>('none', ...FAULTY.filter((name) => !OF_CLAIMS.has(name)));
  const run = fc.record({ ...RUN, kills: fc.constant(0), defect });
  fc.assert(
    fc.property(run, (options) => {
      const one = simulate({ ...options, strikes: 2 }).events;
      const other = apart(simulate({ ...options, seed: options.seed + 1, defect: 'none' }).events);
      const mixed = together(one, other, options.seed);
      const [before, after] = [knowingNoCopies(shape(one)), knowingNoCopies(shape(mixed))];
      if (before.join() !== after.join()) {
        throw new Error(
          `${before.join('\n')}\nwith others:\n${after.join('\n')}\n${tellFindings(options, mixed, judge(mixed))}`,
        );
      }
    }),
    { ...BOUNDED, numRuns: 120 },
  );
  t.pass('unrelated users may be shuffled');
  t.end();
});

/** The most messages that were ever pushed and not acked on one connection. */
const widestWindow = (events: readonly HistoryEvent[]): number => {
  const windows = new Map<number, { client: string; serverMsgIds: Set<unknown> }>();
  const acked = new Set<unknown>();
  let widest = 0;
  for (const event of events) {
    if (event.kind === 'sent' && event.packet.type === 'ack:R') {
      acked.add(event.packet.serverMsgId);
      for (const { client, serverMsgIds } of windows.values())
        if (client === event.client) serverMsgIds.delete(event.packet.serverMsgId);
    }
    if (event.kind !== 'got' || event.packet.type !== 'msg:N' || acked.has(event.packet.serverMsgId)) continue;
    const window = windows.get(event.conn) ?? { client: event.client, serverMsgIds: new Set() };
    windows.set(event.conn, window.serverMsgIds.add(event.packet.serverMsgId) && window);
    widest = Math.max(widest, window.serverMsgIds.size);
  }
  return widest;
};

t.test('a window that was just kept is kept, and one that is smaller by one is overrun', (t) => {
  fc.assert(
    fc.property(fc.record({ ...RUN, users: fc.constant(2) }), (options) => {
      const { events } = simulate({ ...options, claims: ['flow-control'] });
      const widest = widestWindow(events);
      const limited = (maxInFlight: number) =>
        events.map((event): HistoryEvent => (event.kind === 'history' ? { ...event, limits: { maxInFlight } } : event));
      const found = (limit: number) => [...new Set(shape(limited(limit)).slice(1))].map((text) => text.trim());
      if (widest > 0 && found(widest).length > 0) throw new Error(found(widest).join('\n'));
      if (widest > 1 && found(widest - 1).join() !== 'IM-4.2-49') throw new Error(`not overrun: ${found(widest - 1)}`);
    }),
    { ...BOUNDED, numRuns: 60 },
  );
  t.pass('exactly the overrun is found');
  t.end();
});
