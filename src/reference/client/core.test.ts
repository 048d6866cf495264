import t from 'tap';
import { ClientCore } from './core.js';
import type { LineEnd } from './line.js';
import type { Action } from './outlet.js';
import { type ClientLimits, type ClientTimers, DEFAULT_CLIENT_LIMITS, DEFAULT_CLIENT_TIMERS } from './types.js';

type Packet = Record<string, unknown>;
interface Sent extends Packet {
  at: number;
  connection: number;
}

/** A core on a virtual clock: storage is a map that lives on when the core is "killed", everything that it does is noted. */
class World {
  now = 1_000_000;
  wall = 1_800_000_000_000;
  random = 0.5;
  readonly records = new Map<string, unknown>();
  readonly sent: Sent[] = [];
  readonly dialed: number[] = [];
  told: string[] = [];
  readonly errors: unknown[] = [];
  pings = 0;
  hangUps: string[] = [];
  core!: ClientCore;
  connection = 0;
  #rid = 0;
  #msgId = 0;

  constructor(
    readonly timers: Partial<ClientTimers> = {},
    readonly limits: Partial<ClientLimits> = {},
    readonly more: { canPing?: boolean; keepsEnds?: boolean } = {},
  ) {
    this.restart();
  }

  /** A kill and a new start: what is not in the storage is gone. Or, with `stored: false`, a kill before the last step was stored. */
  restart(): void {
    this.core = new ClientCore({
      timers: { ...DEFAULT_CLIENT_TIMERS, ...this.timers },
      limits: { ...DEFAULT_CLIENT_LIMITS, ...this.limits },
      nextRid: () => `r${++this.#rid}`,
      canPing: this.more.canPing ?? true,
      keepsEnds: this.more.keepsEnds ?? true,
    });
    this.core.load(structuredClone(this.records), this.moment());
    this.do(() => this.core.start(this.moment()));
  }

  moment() {
    return { now: this.now, wall: this.wall, random: () => this.random };
  }

  do(step: () => void): void {
    step();
    const orders = this.core.take();
    for (const { key, value } of orders?.changes ?? []) {
      if (value === undefined) this.records.delete(key);
      else this.records.set(key, structuredClone(value));
    }
    for (const action of orders?.actions ?? []) this.#perform(action);
  }

  #perform(action: Action): void {
    if (action.do === 'frame')
      this.sent.push({ ...JSON.parse(action.text), at: this.now, connection: action.connection });
    else if (action.do === 'ping') this.pings += 1;
    else if (action.do === 'dial') {
      this.connection = action.connection;
      this.dialed.push(this.now);
    } else if (action.do === 'hang-up') this.hangUps.push(action.how);
    else if (action.event.kind === 'status') this.told.push(`${action.event.data.msgId} ${action.event.data.status}`);
    else if (action.event.kind === 'message')
      this.told.push(`got ${action.event.data.from}/${action.event.data.msgId}`);
  }

  open(): this {
    this.do(() => this.core.opened(this.connection, this.moment()));
    return this;
  }

  end(end: LineEnd = {}): this {
    this.do(() => this.core.ended(this.connection, end, this.moment()));
    return this;
  }

  get(packet: Packet, connection = this.connection): this {
    this.do(() => this.core.received(connection, JSON.stringify(packet), this.moment()));
    return this;
  }

  send(to = 'bob', more = {}): string {
    const msgId = `m${++this.#msgId}`;
    this.do(() => this.core.send({ to, body: msgId, ...more }, msgId, this.moment()));
    return msgId;
  }

  /** Lets the time pass; the core is woken whenever it wants to be. */
  pass(ms: number): this {
    const end = this.now + ms;
    for (let guard = 0; this.core.wakeAt <= end; guard += 1) {
      if (guard > 100_000) throw new Error('the core wants to be woken for ever');
      this.#move(Math.max(this.core.wakeAt, this.now));
      this.do(() => this.core.tick(this.moment()));
      if (this.core.wakeAt <= this.now) this.#move(this.now + 1);
    }
    this.#move(end);
    return this;
  }

  /** Time passes, and the process does not run. */
  freeze(ms: number): this {
    this.#move(this.now + ms);
    this.do(() => this.core.tick(this.moment()));
    return this;
  }

  #move(to: number): void {
    this.wall += to - this.now;
    this.now = to;
  }

  /** Times of the sendings of a message, from the first one on. */
  times(msgId: string): number[] {
    const all = this.sent.filter((packet) => packet.msgId === msgId).map(({ at }) => at);
    return all.map((at) => Math.round(at - (all[0] as number)));
  }

  rid(msgId: string): string {
    return String(this.sent.filter((packet) => packet.msgId === msgId || packet.serverMsgId === msgId).at(-1)?.rid);
  }

  answer(msgId: string, more: Packet = { status: 'accepted', serverMsgId: `S${msgId}` }): this {
    return this.get({ type: 'msg:A', rid: this.rid(msgId), msgId, ...more });
  }

  reject(msgId: string, error: Packet): this {
    return this.answer(msgId, { status: 'rejected', error: { message: '', ...error } });
  }

  receipt(msgId: string, status: string, to = 'bob'): this {
    return this.get({ type: 'ack:N', msgId, serverMsgId: `S${msgId}`, to, status, at: 1 });
  }

  push(msgId: string, from = 'bob', serverMsgId = `S${msgId}`): this {
    return this.get({ type: 'msg:N', msgId, serverMsgId, from, to: 'me', body: 'x', acceptedAt: 1 });
  }

  settle(serverMsgId: string, more: Packet = { status: 'ok' }): this {
    return this.get({ type: 'ack:A', rid: this.rid(serverMsgId), serverMsgId, ...more });
  }

  acks(serverMsgId: string): number {
    return this.sent.filter((packet) => packet.type === 'ack:R' && packet.serverMsgId === serverMsgId).length;
  }
}

const online = (...setup: ConstructorParameters<typeof World>): World => new World(...setup).open();

t.test('pauses: nominal, jitter at both ends, cap, and the end of the window', async (t) => {
  for (const [random, first, last] of [
    [0.5, 2_000, 60_000],
    [0, 1_600, 48_000],
    [0.999_999, 2_400, 60_000],
  ] as const) {
    const world = online();
    world.random = random;
    const id = world.send();
    world.pass(86_400_000 + 100_000);
    const times = world.times(id);
    t.ok(Math.abs((times[1] as number) - first) <= 1, `first pause ${times[1]}`);
    const pauses = times.slice(8, 20).map((time, index) => time - (times[index + 7] as number));
    t.ok(
      pauses.every((pause) => Math.abs(pause - last) <= 2),
      `later pauses ${pauses[0]}`,
    );
    t.ok((times.at(-1) as number) < 86_400_000, 'nothing is sent after the window');
    t.same(world.told, [`${id} unknown`]);
    t.equal(new Set(world.sent.map(({ rid }) => rid)).size, world.sent.length, 'every rid is fresh');
  }
});

t.test('the window ends an entry offline, too, and a late receipt still counts', async (t) => {
  const world = online();
  const id = world.send();
  world.end().pass(0);
  world.core.hangUp('offline', world.moment());
  world.pass(86_400_001);
  t.same(world.told, [`${id} unknown`]);
  world.do(() => world.core.told(id, 'unknown'));
  t.equal(world.records.size, 0);
  world.do(() => world.core.connect(world.moment()));
  world.open().receipt(id, 'delivered');
  t.same(world.told, [`${id} unknown`, `${id} delivered`]);
  t.same(world.times(id), [0], 'an ended entry is not asked for');
});

const ANSWERS: readonly [string, (world: World, id: string) => World, string[], number][] = [
  ['accepted does not end it', (world, id) => world.answer(id), ['accepted'], 1],
  ['delivered ends it', (world, id) => world.answer(id).receipt(id, 'delivered'), ['accepted', 'delivered'], 0],
  ['a receipt before the answer', (world, id) => world.receipt(id, 'delivered').answer(id), ['delivered'], 0],
  ['stored ends the timer only', (world, id) => world.answer(id).receipt(id, 'stored'), ['accepted', 'stored'], 0],
  [
    'receipts move only forward',
    (world, id) => world.receipt(id, 'expired').receipt(id, 'stored').receipt(id, 'delivered').receipt(id, 'expired'),
    ['expired', 'delivered'],
    0,
  ],
  ['a final rejection', (world, id) => world.reject(id, { code: 'not-allowed' }), ['refused'], 0],
  [
    'a rejection after a receipt refuses only the question',
    (world, id) => world.receipt(id, 'stored').reject(id, { code: 'not-allowed' }),
    ['stored'],
    0,
  ],
  ['an unknown code without a time is final', (world, id) => world.reject(id, { code: 'new' }), ['refused'], 0],
  ['an unknown code with a time is not', (world, id) => world.reject(id, { code: 'new', retryAfterMs: 1 }), [], 1],
  [
    'an answer for another rid',
    (world, id) => world.get({ type: 'msg:A', rid: 'r99', msgId: id, status: 'accepted', serverMsgId: 'S' }),
    [],
    1,
  ],
  [
    'an answer that names another message',
    (world, id) => world.answer(id, { msgId: 'other', status: 'accepted', serverMsgId: 'S' }),
    [],
    1,
  ],
  [
    'a doubled answer',
    (world, id) => world.answer(id).answer(id, { status: 'rejected', error: { code: 'not-allowed' } }),
    ['accepted'],
    1,
  ],
  ['a receipt for somebody else', (world, id) => world.receipt(id, 'delivered', 'carol'), [], 1],
  ['a receipt for a foreign message', (world) => world.receipt('m77', 'delivered'), [], 1],
  [
    'what is no packet',
    (world, id) =>
      world
        .get({ type: 'msg:A' })
        .get({ type: 'ack:N', msgId: id })
        .get([] as unknown as Packet),
    [],
    1,
  ],
];

for (const [name, act, statuses, sentAgain] of ANSWERS) {
  t.test(`answers: ${name}`, async (t) => {
    const world = online();
    const id = world.send();
    act(world, id).pass(2_500);
    t.same(
      world.told,
      statuses.map((status) => `${id} ${status}`),
    );
    t.equal(world.times(id).length, 1 + sentAgain);
  });
}

t.test('a late answer to an earlier sending counts; on a newer connection it does not', async (t) => {
  const world = online();
  const id = world.send();
  const first = world.rid(id);
  world.pass(2_100).get({ type: 'msg:A', rid: first, msgId: id, status: 'accepted', serverMsgId: 'S' });
  t.same(world.told, [`${id} accepted`]);
  const other = world.send();
  const old = world.rid(other);
  world
    .end()
    .pass(1_300)
    .open()
    .get({ type: 'msg:A', rid: old, msgId: other, status: 'rejected', error: { code: 'not-allowed' } });
  t.same(world.told, [`${id} accepted`]);
});

t.test(
  'retryAfterMs is kept: by the timer, over a reconnect, and over a restart, whatever the clock says',
  async (t) => {
    const world = online();
    const id = world.send();
    world.reject(id, { code: 'busy', retryAfterMs: 30_000 }).pass(10_000);
    world.end().pass(1_300).open();
    t.same(world.times(id), [0], 'not at once');
    world.wall += 3_600_000;
    world.pass(10_000);
    t.same(world.times(id), [0], 'a clock that is set changes nothing');
    world.wall -= 3_600_000;
    world.restart();
    world.open().pass(8_000);
    t.same(world.times(id), [0], 'not after a restart');
    world.pass(1_000);
    t.equal(world.times(id).length, 2);
    const soon = world.send();
    world.reject(soon, { code: 'internal' }).pass(2_100);
    t.equal(world.times(soon).length, 2, 'without a time the pause counts');
  },
);

t.test('the window of requests: order of hand-over, places, and no place lost', async (t) => {
  const world = new World({}, { maxUnanswered: 2 });
  const ids = Array.from({ length: 6 }, () => world.send());
  t.equal(world.sent.length, 0, 'offline nothing is sent');
  const order = () => [...new Set(world.sent.map(({ msgId }) => msgId))];
  world.open();
  t.same(order(), ids.slice(0, 2));
  world.answer('m1');
  t.same(order(), ids.slice(0, 3), 'an answer makes room');
  world.reject('m2', { code: 'busy', retryAfterMs: 600_000 });
  t.same(order(), ids.slice(0, 4), 'so does a rejection');
  world.end({ code: 1012 }).pass(1_300);
  world.sent.length = 0;
  world.open().answer('m1').answer('m3').answer('m4').answer('m5').answer('m6');
  t.same(order(), ['m1', 'm3', 'm4', 'm5', 'm6'], 'a reconnect brings what is open, in order');
  for (const id of ['m1', 'm3', 'm4', 'm5', 'm6']) world.receipt(id, 'stored');
  world.end().pass(2_500).open();
  t.equal(world.sent.slice(5).length, 2, 'questions go through the window, too');
  world.pass(2_100);
  t.equal(world.sent.slice(5).length, 4, 'a question that is not answered gives its place back');
});

t.test('a place in the window is counted once, however often its holder is sent', async (t) => {
  const world = online({}, { maxUnanswered: 2 });
  const [first, second, third, fourth] = [world.send(), world.send(), world.send(), world.send()];
  world.pass(20_000);
  t.ok(world.times(first).length > 2);
  t.same([world.times(third), world.times(fourth)], [[], []], 'the window is full');
  world.answer(first).answer(second);
  t.same([world.times(third), world.times(fourth)], [[0], [0]]);
});

t.test('the queue has a limit, and bad messages are refused at the hand-over', async (t) => {
  const world = new World({}, { maxQueued: 2 });
  world.send();
  world.send();
  t.throws(() => world.send(), { code: 'queue-full' });
  const bad = [
    { to: '' },
    { to: 'a b' },
    { body: '\ud800' },
    { ttlMs: 0 },
    { ttlMs: 1.5 },
    { body: 'x'.repeat(530_000) },
  ];
  for (const more of bad)
    t.throws(() => world.core.send({ to: 'bob', body: 'x', ...more }, 'id', world.moment()), {
      code: 'invalid-message',
    });
  t.ok(world.core.cancel('m1'));
  t.notOk(world.core.cancel('m1'));
  world.do(() => {});
  world.open();
  t.notOk(world.core.cancel('m2'), 'it was sent');
  t.same(
    world.sent.map(({ msgId }) => msgId),
    ['m2'],
  );
});

t.test('receiver: one hand-over, an ack for each push, again until the answer, then forgotten', async (t) => {
  const world = online();
  world.push('a').push('a').push('a', 'carol', 'Sc').push('A').push('a', 'bob', 'other');
  t.same(world.told, ['got bob/a', 'got carol/a', 'got bob/A']);
  t.equal(world.acks('Sa'), 2);
  t.equal(world.acks('other'), 1, 'another serverMsgId of the same message is acked, not handed over');
  world.pass(2_500);
  t.equal(world.acks('Sa'), 3, 'the timer');
  world.settle('Sa', { status: 'rejected', error: { code: 'busy', retryAfterMs: 20_000 } }).pass(19_000);
  t.equal(world.acks('Sa'), 3, 'retryAfterMs');
  world.push('a');
  t.equal(world.acks('Sa'), 4, 'a push is answered all the same');
  world.end().pass(500).restart();
  world.open();
  t.equal(world.acks('Sc'), 5, 'three pauses and a reconnect');
  world
    .pass(10_000)
    .settle('Sa')
    .settle('other', { status: 'rejected', error: { code: 'unknown-message' } });
  const count = world.acks('Sa');
  world.pass(200_000);
  t.equal(world.acks('Sa'), count, 'not after the answer');
  t.notOk(world.core.owes({ from: 'bob', msgId: 'a' }));
  t.same(
    world.core.snapshot().inbox.map(({ id }) => id),
    [1, 2, 3],
  );
  world.do(() => world.core.confirm(2));
  t.same(
    world.core.snapshot().inbox.map(({ id }) => id),
    [1, 3],
  );
});

t.test('killed at each point: nothing lost, nothing twice, outcomes not missing', async (t) => {
  const steps: [string, (world: World) => void][] = [
    ['handed over', (world) => void world.send()],
    ['sent', (world) => void world.open()],
    ['accepted', (world) => void world.answer('m1')],
    ['stored', (world) => void world.receipt('m1', 'stored')],
    ['delivered', (world) => void world.receipt('m1', 'delivered')],
    ['told', (world) => world.do(() => world.core.told('m1', 'delivered'))],
  ];
  for (let kill = 1; kill <= steps.length; kill += 1) {
    const world = new World();
    for (const [, step] of steps.slice(0, kill)) step(world);
    world.told = [];
    const before = world.sent.length;
    world.restart();
    world.open();
    const where = `killed after ${steps[kill - 1]?.[0]}`;
    t.equal(world.sent.length - before, kill <= 4 ? 1 : 0, `${where}: asked again if it is open`);
    const expected = { 4: ['m1 stored'], 5: ['m1 delivered'] }[kill] ?? [];
    t.same(world.told, expected, `${where}: told if the application does not know`);
    if (kill <= 4) world.answer('m1', { status: 'duplicate', serverMsgId: 'Sm1' }).receipt('m1', 'delivered');
    world.do(() => world.core.told('m1', 'delivered'));
    t.equal(world.records.size, 0, `${where}: nothing is left`);
    t.ok(world.sent.every(({ msgId, body }) => msgId === 'm1' && body === 'm1'));
  }
  const world = online();
  world.push('a');
  world.restart();
  world.open().push('a');
  t.same(world.told, ['got bob/a'], 'the push that comes again is known');
  t.equal(world.acks('Sa'), 3, 'before, at the connect, for the push');
  world.settle('Sa');
  t.same(
    [...world.records.keys()].map((key) => key[0]),
    ['i'],
    'the inbox stays until it is confirmed',
  );
});

t.test('without a handler for statuses an end is forgotten at once', async (t) => {
  const world = online({}, {}, { keepsEnds: false });
  const id = world.send();
  world.receipt(id, 'delivered');
  t.equal(world.records.size, 0);
  t.same(world.core.snapshot().outgoing, []);
});

t.test(
  'the time in the queue counts over restarts, and a clock that was set back does not lengthen a life',
  async (t) => {
    const world = online();
    const id = world.send();
    world.pass(80_000_000).restart();
    world.open().pass(6_300_000);
    t.same(world.told, []);
    world.pass(200_000);
    t.same(world.told, [`${id} unknown`]);
  },
);

const ENDINGS: readonly (readonly [string, LineEnd, number, number])[] = [
  ...[1000, 1001, 1006, 1011, 1012, 1013, 4413, 4429].map((code) => [`close ${code}`, { code }, 800, 1_200] as const),
  ...[400, 404, 500, 503].map((status) => [`HTTP ${status}`, { status }, 800, 1_200] as const),
  ['no TCP', {}, 800, 1_200],
  ['HTTP 429 with Retry-After', { status: 429, retryAfterMs: 7_000 }, 7_000, 7_000],
  ['HTTP 503 with a short Retry-After', { status: 503, retryAfterMs: 10 }, 800, 1_200],
  ...[401, 403].map((status) => [`HTTP ${status}`, { status }, 48_000, 60_000] as const),
  ...[1002, 1003, 1007, 1008, 1009, 4400].map((code) => [`close ${code}`, { code }, 48_000, 60_000] as const),
  ['close 4409', { code: 4409 }, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
];
for (const [name, end, atLeast, atMost] of ENDINGS) {
  t.test(`the next attempt after ${name}`, async (t) => {
    for (const random of [0, 0.999_999]) {
      const world = new World();
      world.random = random;
      if ('code' in end) world.open();
      world.end(end);
      const from = world.now;
      world.do(() => world.core.hurry(world.moment()));
      world.pass(10_000_000);
      const pause = (world.dialed[1] ?? Number.POSITIVE_INFINITY) - from;
      t.ok(pause >= atLeast && pause <= atMost + 1, `${pause}`);
      if (end.code !== 4409) continue;
      world.do(() => world.core.connect(world.moment()));
      t.equal(world.dialed.length, 2, 'the user takes the device back');
    }
  });
}

t.test('the pauses between attempts grow, and begin anew only after a connection that lasted', async (t) => {
  const world = new World();
  const pauses: number[] = [];
  const fail = (): void => {
    const from = world.now;
    const count = world.dialed.length;
    world.end();
    for (let guard = 0; world.dialed.length === count && guard < 1_000; guard += 1) world.pass(100);
    pauses.push(Math.round(((world.dialed.at(-1) as number) - from) / 100) / 10);
  };
  for (let count = 0; count < 8; count += 1) fail();
  t.same(pauses.splice(0), [1, 2, 4, 8, 16, 32, 60, 60]);
  world.open().pass(30_000);
  fail();
  t.same(pauses.splice(0), [60], 'it lasted 30 s');
  world.open();
  const alive = setIntervalVirtually(world, 61_000);
  t.ok(alive);
  fail();
  t.same(pauses.splice(0), [1], 'it lasted a minute');
});

/** A server that answers pings lives. */
const setIntervalVirtually = (world: World, ms: number): boolean => {
  const dialed = world.dialed.length;
  for (let passed = 0; passed < ms; passed += 1_000) {
    world.pass(1_000);
    world.do(() => world.core.seen(world.connection, world.moment()));
  }
  return world.dialed.length === dialed;
};

t.test(
  'a silent server is dead after deadAfterMs; one that answers lives; a stall gives it its time anew',
  async (t) => {
    const silent = online();
    silent.pass(29_000);
    t.ok(silent.pings >= 2, `${silent.pings} pings`);
    t.same(silent.hangUps, []);
    silent.pass(4_100);
    t.same(silent.hangUps, ['cut']);
    t.ok(setIntervalVirtually(online(), 200_000));

    const frozen = online();
    frozen.pass(20_000).freeze(100_000);
    t.same(frozen.hangUps, [], 'what it sent is still unread');
    frozen.pass(26_000);
    t.same(frozen.hangUps, []);
    frozen.pass(8_000);
    t.same(frozen.hangUps, ['cut'], 'but not for ever');

    const unanswered = new World();
    unanswered.pass(29_000);
    t.same(unanswered.hangUps, []);
    unanswered.pass(4_100);
    t.same(unanswered.hangUps, ['cut'], 'an upgrade that nobody answers is given up');
  },
);

t.test('without pings only a request shows a dead server', async (t) => {
  const world = online({}, {}, { canPing: false });
  world.pass(500_000);
  t.equal(world.dialed.length, 1);
  const id = world.send();
  world.pass(10_000).answer(id).receipt(id, 'stored').pass(500_000);
  t.equal(world.dialed.length, 1, 'a lost answer that came at the second try is no silence');
  world.send();
  world.pass(34_000);
  t.equal(world.dialed.length, 2);
  t.equal(world.pings, 0);
});

t.test('what a connection says after a newer one has taken its place is ignored', async (t) => {
  const world = online();
  world.end().pass(1_300).open();
  const id = world.send();
  world.get({ type: 'msg:N', msgId: 'a', serverMsgId: 'Sa', from: 'bob', to: 'me', body: '', acceptedAt: 1 }, 1);
  world.get({ type: 'ack:N', msgId: id, serverMsgId: 'S', to: 'bob', status: 'delivered', at: 1 }, 1);
  world.do(() => world.core.ended(1, { code: 4409 }, world.moment()));
  t.same(world.told, []);
  t.equal(world.core.snapshot().connection, 'online');
});

t.test('offline by wish, and closed for good', async (t) => {
  const world = online();
  world.do(() => world.core.hangUp('offline', world.moment()));
  const id = world.send();
  world.do(() => world.core.hurry(world.moment()));
  world.pass(1_000_000);
  t.same([world.dialed.length, world.hangUps.length, world.sent.length], [1, 1, 0]);
  world.do(() => world.core.connect(world.moment()));
  t.same(world.open().times(id), [0]);
  world.do(() => world.core.hangUp('closed', world.moment()));
  world.do(() => world.core.connect(world.moment()));
  t.equal(world.dialed.length, 2);
});
