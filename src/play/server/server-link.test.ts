import t from 'tap';
import type { Packet } from '../../../schemas/index.js';
import { isWellFormed } from '../../wire/index.js';
import type { Untimed } from '../untimed.js';
import type { ServerSocket } from './ports.js';
import { ServerLink } from './server-link.js';

/** A link, what it recorded and wrote, and the close codes of its end. */
const linkOf = () => {
  const recorded: Untimed[] = [];
  const packets: Packet[] = [];
  const written: unknown[] = [];
  const link = new ServerLink(1, {
    record: (event) => recorded.push(event),
    affords: () => true,
    isOfOthers: () => false,
    onPacket: (_link, packet) => packets.push(packet),
    onClosed: () => {},
  });
  const socket: Partial<ServerSocket> = {
    sendText: (text) => written.push(JSON.parse(text)),
    close: (code) => written.push(code),
    reset: () => written.push('reset'),
    resume: () => {},
  };
  link.attach(socket as ServerSocket);
  return { link, recorded, packets, written };
};

const rejected = (type: string, fields: object, message: RegExp) => ({
  type,
  status: 'rejected',
  ...fields,
  error: { code: 'invalid-packet', message },
});

t.test('what is no packet should be answered or ended as the protocol wants it', async (t) => {
  const R = { type: 'msg:R', rid: 'r1', msgId: 'm1', to: 'bob', body: 'hi' };
  const A = { type: 'ack:R', rid: 'r1', serverMsgId: 's1' };
  for (const [name, frame, expected] of [
    ['no recipient', { ...R, to: undefined }, rejected('msg:A', { rid: 'r1', msgId: 'm1' }, /\/to: is missing/)],
    ['no usable msgId', { ...R, msgId: 7 }, rejected('msg:A', { rid: 'r1', msgId: undefined }, /msgId/)],
    ['no usable serverMsgId', { ...A, serverMsgId: null }, rejected('ack:A', { rid: 'r1' }, /serverMsgId/)],
    ['no usable rid', { ...R, rid: 7 }, 4400],
    ['an answer', { type: 'ack:A', rid: 'r1', serverMsgId: 's1', status: 'ok' }, 4400],
    ['an unknown type', { ...R, type: 'msg:X' }, 4400],
    ['a list', [R], 4400],
    ['no JSON', '{"rid":"r1"', 4400],
  ] as const) {
    const { link, recorded, packets, written } = linkOf();
    link.handlers.onText(typeof frame === 'string' ? frame : JSON.stringify(frame));
    t.match(written, [expected], name);
    t.match(recorded[0], { kind: 'got-invalid' }, `${name}: recorded first`);
    t.equal(link.state, expected === 4400 ? 'closed' : 'open', name);
    link.handlers.onText(JSON.stringify(R));
    t.equal(packets.length, expected === 4400 ? 0 : 1, `${name}: what comes after it`);
  }
});

t.test('a reason that quotes half a character should be a valid text', async (t) => {
  const { link, written } = linkOf();
  link.handlers.onText(`{"type":"msg:R","rid":"r1","msgId":"m1","to":"bob","body":"\\ud83d","\\ud83d":1,"\\ud83d":2}`);
  t.match(written, [rejected('msg:A', { rid: 'r1' }, /lone surrogate/)]);
  t.ok(isWellFormed((written[0] as { error: { message: string } }).error.message));
});

t.test('a binary frame should end the connection', async (t) => {
  const { link, recorded, written } = linkOf();
  link.handlers.onBinary(3);
  link.handlers.onBinary(3);
  t.same(written, [1003]);
  t.match(recorded, [
    { kind: 'got-invalid', level: 'frame' },
    { kind: 'closed', code: 1003, by: 'kit' },
  ]);
  t.equal(recorded.length, 2, 'once');
});

t.test('a connection full of what is no packet should end', async (t) => {
  const { link, written } = linkOf();
  for (let i = 0; i < 40; i++) link.handlers.onText('{"type":"msg:R","rid":"r1"}');
  t.equal(written.at(-1), 'reset');
  t.equal(written.length, 20);
});
