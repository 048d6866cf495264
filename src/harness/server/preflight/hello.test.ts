import t from 'tap';
import type { Packet } from '../../../../schemas/index.js';
import { KitError } from '../../../errors.js';
import type { Dial, Socket, SocketHandlers } from '../../../play/index.js';
import { type HelloOptions, hello } from './hello.js';

type Request = Packet & { type: 'msg:R' };

/** How a server treats a msg:R: what it says, and under which names it knows its users. */
interface Habits {
  nameOf?: (user: string) => string;
  answer?: (request: Request, tries: number) => unknown;
  /** What it says to whoever comes, before anything else. */
  greeting?: readonly unknown[];
}

/** A server without a network: it answers in the same turn. */
const serverWith = ({ nameOf = (user) => user, answer, greeting = [] }: Habits): Dial => {
  const guests = new Map<string, SocketHandlers>();
  let tries = 0;
  const onText = (user: string, handlers: SocketHandlers, text: string): void => {
    const packet = JSON.parse(text) as Packet;
    const say = (to: SocketHandlers, value: unknown) => to.onText(JSON.stringify(value));
    if (packet.type === 'ack:R') {
      const { rid, serverMsgId } = packet;
      say(handlers, { type: 'ack:A', rid, serverMsgId, status: 'ok' });
      return;
    }
    if (packet.type !== 'msg:R') return;
    const { rid, msgId, to, body } = packet;
    tries += 1;
    const own = answer?.(packet, tries);
    if (own === null) return;
    if (own !== undefined) {
      say(handlers, own);
      return;
    }
    say(handlers, { type: 'msg:A', rid, msgId, status: 'accepted', serverMsgId: `s-${tries}` });
    const receiver = guests.get(to);
    const push = { type: 'msg:N', serverMsgId: `s-${tries}`, msgId, from: nameOf(user), to, body, acceptedAt: 1 };
    if (receiver) say(receiver, push);
  };
  return async ({ user }, handlers) => {
    guests.set(nameOf(user), handlers);
    const later = (act: () => void) => setImmediate(act);
    const socket = {
      sendText: (text: string) => later(() => onText(user, handlers, text)),
      ping: () => later(() => handlers.onPong()),
      pong: () => undefined,
      closeCleanly: () => undefined,
    } as unknown as Socket;
    handlers.onOpen(socket);
    for (const value of greeting) handlers.onText(JSON.stringify(value));
    return { ok: true };
  };
};

const options = (habits: Habits, token = (user: string) => user): HelloOptions => ({
  url: 'ws://h/',
  dial: serverWith(habits),
  alice: { user: 'alice', device: 'default', token: token('alice') },
  bob: { user: 'bob', device: 'default', token: token('bob') },
  connectMs: 2_000,
  answerMs: 100,
});

const errorOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );
const refusal =
  (code: string) =>
  ({ rid, msgId }: Request) => ({
    type: 'msg:A',
    rid,
    msgId,
    status: 'rejected',
    error: { code, message: 'no', retryAfterMs: 1 },
  });

t.test('a wrong set-up is said in one sentence, before anything is played', async (t) => {
  const prefixed = (user: string) => `test-${user}`;
  const cases: [name: string, options: HelloOptions, code: KitError['code'], message: RegExp, remedy: RegExp][] = [
    [
      'another protocol',
      options({ answer: () => ({ error: 'unknown command' }) }),
      'unreachable',
      /speaks something else .*unknown command/,
      /endpoint/,
    ],
    [
      'another protocol that says its own hello',
      options({ greeting: [{ hello: 'guest' }], answer: () => null }),
      'unreachable',
      /it sent "\{\\"hello\\":\\"guest\\"\}", and no answer to a msg:R/,
      /endpoint/,
    ],
    [
      'a token that is another name',
      options({ nameOf: prefixed }, prefixed),
      'usage',
      /for the user "test-(bob|alice)"/,
      /--token/,
    ],
    ['strangers', options({ answer: refusal('not-allowed') }), 'usage', /may not write to each other/, /--users/],
    ['never any room', options({ answer: refusal('busy') }), 'unreachable', /busy .* 20 times/, /limit/],
  ];
  for (const [name, given, code, message, remedy] of cases) {
    const error = await errorOf(hello(given));
    t.ok(error instanceof KitError, name);
    t.match(error, { code, message, remedy }, name);
  }
});

t.test('a server that speaks is left to the scenarios, whatever is wrong with it', async (t) => {
  const cases: [name: string, habits: Habits][] = [
    ['sound', {}],
    ['busy at first', { answer: (request, tries) => (tries === 1 ? refusal('busy')(request) : undefined) }],
    ['says something else at first', { greeting: [{ hello: 'guest' }] }],
    ['sends packets with a fault', { greeting: [{}, { type: 'msg:N' }], answer: () => null }],
    ['silent', { answer: () => null }],
    ['an invalid answer', { answer: ({ rid }) => ({ type: 'msg:A', rid }) }],
    ['knows nobody', { answer: refusal('unknown-recipient') }],
  ];
  for (const [name, habits] of cases) t.equal(await errorOf(hello(options(habits))), undefined, name);
});
