import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { readHistory } from '../index.js';

const folder = mkdtempSync(join(tmpdir(), 'im-version-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

const timers = { answerWithinMs: 1, redeliverAfterMs: 1, redeliverMaxMs: 1, deadAfterMs: 1, dedupWindowMs: 1 };
const OLD_HEAD = { kind: 'history', version: 1, scenario: 's', classes: ['core'], timers, patienceMs: 1, startedAt: 1 };

const read = (name: string, lines: readonly object[]) => {
  const file = join(folder, name);
  writeFileSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  return [...readHistory(file)];
};

const at = 1;
const who = { client: 'alice', conn: 1 };
const step = { kind: 'step', at, step: '1', text: '', requirement: 'IM-2-3', expected: '', waitedMs: 1 };
const missed = { ...step, outcome: 'missed' };
const fault = { kind: 'fault', at, step: '1', fired: true };
const invalid = { kind: 'got-invalid', at, ...who, text: '' };

/** What version 1 wrote, and what it is in version 2. */
const UPGRADES: [name: string, old: object, now: object][] = [
  ['closed by the server', { kind: 'closed', at, ...who, by: 'server', how: 'clean' }, { by: 'subject' }],
  ['closed by the kit', { kind: 'closed', at, ...who, by: 'kit', how: 'clean' }, { by: 'kit' }],
  ['refused', { kind: 'refused', at, ...who, status: 401, error: 'HTTP 401' }, { refusal: 'status' }],
  ['no subprotocol', { kind: 'refused', at, ...who, error: 'Server sent no subprotocol' }, { refusal: 'subprotocol' }],
  ['unreachable', { kind: 'refused', at, ...who, error: 'ECONNREFUSED' }, { refusal: 'network' }],
  ['a binary frame', { ...invalid, errors: ['a packet is a text frame'] }, { level: 'frame' }],
  ['a bad packet', { ...invalid, errors: ['msg:N /to: is missing'] }, { level: 'packet' }],
  [
    'what a bad packet names',
    { ...invalid, text: '{"type":"msg:A","rid": "r-1","msgId":"m-1"}', errors: ['msg:A /status: is missing'] },
    { level: 'packet', rid: 'r-1', msgId: 'm-1' },
  ],
  ['a clock', { ...fault, fault: 'clock jump' }, { fault: 'clock', detail: 'jump' }],
  ['a flood', { ...fault, fault: 'flood of connections' }, { fault: 'flood', detail: 'connections' }],
  ['a mute client', { ...fault, fault: 'mute: no pongs' }, { fault: 'mute', detail: 'no pongs' }],
  ['a drop', { ...fault, fault: 'drop' }, { fault: 'drop' }],
  ['late', { ...missed, late: true, seen: 'nothing' }, { miss: 'nothing-came' }],
  [
    'an end',
    { ...missed, seen: '2 of them, then the connection ended with code 4400' },
    { miss: 'connection-ended', closeCode: 4400 },
  ],
  ['another packet', { ...missed, seen: 'msg:A rejected busy' }, { miss: 'wrong-packet' }],
  ['an unwanted one', { ...missed, text: 'bob: { getsNo: msg:N }', seen: 'msg:N' }, { miss: 'unwanted-packet' }],
  ['a look', { ...missed, seen: '12 MiB more at its peak' }, { miss: 'observed' }],
];

t.test('a history of version 1 is read as version 2: codes where it had sentences', (t) => {
  const [head, ...events] = read('old', [OLD_HEAD, ...UPGRADES.map(([, old]) => old)]);
  t.match(head, { version: 2, subject: { role: 'server', classes: ['core'] } });
  t.notOk(head && 'classes' in head);
  for (const [i, [name, old, now]] of UPGRADES.entries()) t.same(events[i], { ...old, ...now }, name);
  t.same(read('met', [OLD_HEAD, { ...step, outcome: 'met', seen: 'it came' }])[1], {
    ...step,
    outcome: 'met',
    seen: 'it came',
  });
  t.end();
});

t.test('a history of a version to come is refused with its number', (t) => {
  t.throws(() => read('new', [{ ...OLD_HEAD, version: 3 }]), { code: 'usage', message: /new:1: .*version 3/ });
  t.end();
});
