import { HISTORY_VERSION, type HistoryEvent } from '../../../../schemas/index.js';

type Unplaced = HistoryEvent extends infer E ? (E extends { at: number } ? Omit<E, 'at'> : never) : never;

/** A history in which something happens every two milliseconds. */
export const historyOf = (scenario: string, events: readonly Unplaced[]): HistoryEvent[] => {
  const timers = { answerWithinMs: 1_000, redeliverAfterMs: 400, redeliverMaxMs: 3_000, deadAfterMs: 1_500 };
  return [
    {
      kind: 'history',
      version: HISTORY_VERSION,
      scenario,
      subject: { role: 'server', classes: ['core'] },
      timers: { ...timers, dedupWindowMs: 604_800_000 },
      patienceMs: 500,
      startedAt: 1_795_305_600_000,
    },
    ...events.map((event, index) => ({ ...event, at: index * 2 }) as HistoryEvent),
  ];
};

export const client = (name: string, user = name, device = 'default'): Unplaced => ({
  ...{ kind: 'client', client: name, user, device },
});

export const connects = (name: string, conn: number): Unplaced[] => [
  { kind: 'opening', client: name, conn },
  { kind: 'open', client: name, conn },
];

export const sent = (name: string, conn: number, packet: Record<string, unknown>, message = 'm1'): Unplaced => ({
  ...{ kind: 'sent', client: name, conn, packet, message },
});

export const got = (name: string, conn: number, packet: Record<string, unknown>): Unplaced => ({
  ...{ kind: 'got', client: name, conn, packet },
});

export const msgR = (rid: string, msgId = 'm-1', to = 'bob') => ({ type: 'msg:R', rid, msgId, to, body: 'hello' });
export const msgA = (rid: string, status = 'accepted', msgId = 'm-1') => ({
  ...{ type: 'msg:A', rid, msgId, status, serverMsgId: `S-${msgId}` },
});
export const msgN = (attempt: number, msgId = 'm-1', from = 'alice') => ({
  ...{ type: 'msg:N', msgId, serverMsgId: `S-${msgId}`, from, to: 'bob', body: 'hello', acceptedAt: 1, attempt },
});
export const ackR = (rid: string, msgId = 'm-1') => ({ type: 'ack:R', rid, serverMsgId: `S-${msgId}` });

export const fault = (fault: string, more: Record<string, unknown> = {}): Unplaced =>
  ({ kind: 'fault', fault, step: '2', fired: true, ...more }) as Unplaced;

export const step = (name: string, text: string, message = 'm1', outcome: 'met' | 'missed' = 'met'): Unplaced => ({
  ...{ kind: 'step', step: '2', text, requirement: 'IM-4.2-7', outcome, expected: '', seen: '', waitedMs: 1 },
  ...{ client: name, message },
});

const cast = [client('alice'), client('bob'), ...connects('alice', 1), ...connects('bob', 2)];

/** Every fault that a network can do to a packet, in either direction. */
export const NETWORK_FAULTS = historyOf('drawn/network-faults', [
  ...cast,
  fault('drop', { client: 'alice', packet: 'msg:R', message: 'm1' }),
  sent('alice', 1, msgR('r1')),
  got('alice', 1, msgA('r1')),
  got('bob', 2, msgN(1)),
  fault('drop', { client: 'bob', packet: 'msg:N' }),
  step('bob', 'bob: { drops: msg:N, of: m1..m3 }'),
  fault('delay', { client: 'alice', packet: 'msg:R', message: 'm1' }),
  sent('alice', 1, msgR('r2')),
  got('alice', 1, msgA('r2', 'duplicate')),
  fault('drop', { client: 'alice', packet: 'msg:A' }),
  step('alice', 'alice: { drops: msg:A, of: [m1] }'),
  fault('reorder', { client: 'alice', packet: 'msg:R' }),
  sent('alice', 1, msgR('r3', 'm-2'), 'm2'),
  sent('alice', 1, msgR('r4', 'm-2'), 'm2'),
  fault('duplicate', { client: 'alice', packet: 'msg:R', message: 'm2' }),
  fault('disconnect', { client: 'bob', packet: 'msg:N', fired: false }),
  fault('clock', { detail: 'jump' }),
  fault('mute', { client: 'bob' }),
  { kind: 'closed', client: 'alice', conn: 1, by: 'subject', how: 'clean', code: 4429 },
  sent('alice', 1, msgR('r5')),
  { kind: 'refused', client: 'alice', conn: 3, refusal: 'status', status: 503, error: 'HTTP 503' },
  step('bob', 'bob: { gets: msg:N, of: m2 }', 'm2', 'missed'),
]);

/** Connections and processes: replaced, silent, not reading, killed with a packet on its way, and packets on an old link. */
export const LINKS = historyOf('drawn/links', [
  ...cast,
  ...connects('bob', 3),
  { kind: 'silent', client: 'bob', conn: 3 },
  sent('bob', 2, ackR('r1')),
  { kind: 'closed', client: 'bob', conn: 2, by: 'subject', how: 'clean', code: 4409 },
  { kind: 'reading', client: 'alice', conn: 1, reading: false },
  { kind: 'subject', event: 'frozen', signal: 'SIGSTOP' },
  sent('alice', 1, msgR('r1')),
  { kind: 'subject', event: 'continued', signal: 'SIGCONT' },
  { kind: 'reading', client: 'alice', conn: 1, reading: true },
  { kind: 'subject', event: 'killing', signal: 'SIGKILL' },
  { kind: 'subject', event: 'killed', signal: 'SIGKILL' },
  sent('alice', 1, msgR('r2')),
  { kind: 'closed', client: 'alice', conn: 1, by: 'subject', how: 'lost', code: 1006 },
  { kind: 'closed', client: 'bob', conn: 3, by: 'kit', how: 'reset' },
  { kind: 'opening', client: 'alice', conn: 4 },
  { kind: 'subject', event: 'started' },
  { kind: 'settling' },
  { kind: 'settled', complete: false },
  { kind: 'end' },
]);

/** So many messages of one client, the one in the middle lost. */
export const floodOf = (messages: number): HistoryEvent[] =>
  historyOf('drawn/flood', [
    ...cast,
    ...Array.from({ length: messages }, (_, index) => [
      sent('alice', 1, msgR(`r${index}`, `m-${index}`), `m${index}`),
      got('alice', 1, msgA(`r${index}`, 'accepted', `m-${index}`)),
      ...(index === Math.floor(messages / 2) ? [] : [got('bob', 2, msgN(1, `m-${index}`))]),
    ]).flat(),
    { kind: 'settling' },
    { kind: 'settled', complete: false },
  ]);

/** Ids and names that would like to be markup, commands, or wider than they seem. */
export const HOSTILE = [
  '<script>alert(1)</script>',
  '"/><svg onload=alert(1)>',
  ']]>&amp;&#0;<!--',
  '\u001b[31mred\u001b[0m\r\n::error::x',
  '\u202eevil\u2066\u200b\ufeff',
  '\ud800 lone \udfff surrogates',
  '漢字かな交じり文漢字かな交じり文漢字かな交じり文',
  '😀👩‍👩‍👧‍👦e\u0301\u0301\u0301',
  'x'.repeat(5_000),
  '',
] as const;

export const hostileHistory = (text: string): HistoryEvent[] =>
  historyOf(`drawn/${text}`, [
    client(text || 'alice', text),
    client('bob'),
    ...connects(text || 'alice', 1),
    ...connects('bob', 2),
    sent(text || 'alice', 1, { ...msgR(text, text), type: text }, text),
    sent(text || 'alice', 1, msgR('r1', text), text),
    got(text || 'alice', 1, { ...msgA('r1', text, text), error: { code: text, message: text } }),
    got('bob', 2, msgN(1, text, text)),
    { kind: 'got-invalid', client: 'bob', conn: 2, level: 'packet', text, errors: [text, text] },
    { kind: 'sent-raw', client: 'bob', conn: 2, text, bytes: 9, what: text },
    { kind: 'refused', client: 'bob', conn: 3, refusal: 'network', error: text },
    { kind: 'handed', client: 'bob', conn: 2, from: text, msgId: text, serverMsgId: text },
    { kind: 'subject', event: 'exited', signal: text },
    fault('flood', { client: 'bob', detail: text }),
    step('bob', text, text, 'missed'),
  ]);
