import { setTimeout as sleep } from 'node:timers/promises';
import type { AckR, MsgR, Packet } from '../../../schemas/index.js';
import { KitError } from '../../errors.js';
import type { Dial, Socket, SocketHandlers } from '../../play/index.js';
import type { RunOptions } from '../options.js';
import { tlsOf } from './credentials.js';
import { createForeignDial } from './dialling/foreign-dial.js';
import { addressOf } from './dialling/foreign-url.js';
import { createAuthenticate } from './identity/index.js';

const LOGIN_BOUND_MS = 10_000;
const ANSWER_BOUND_MS = 5_000;
const LOOK_EVERY_MS = 10;
/** What comes after the ack, such as a receipt, comes soon. */
const LINGER_MS = 300;

/** Something that happened between the kit and the server. */
export interface Conversation {
  /** Milliseconds since the beginning. */
  at: number;
  who: string;
  /** `packet`: what a frame was read as, or what was said. */
  kind: 'sent' | 'got' | 'packet' | 'note';
  text: string;
}

export interface Tried {
  entered: boolean;
  /** Answered, and pushed to the receiver. */
  complete: boolean;
  sentences: string[];
}

type Tell = (one: Conversation) => void;

/** One user, and what came. */
class Talker {
  readonly packets: Packet[] = [];
  unread = 0;
  socket: Socket | undefined;
  closed: number | undefined;
  readonly #name: string;
  readonly #tell: (kind: Conversation['kind'], text: string) => void;

  constructor(name: string, from: number, tell: Tell) {
    this.#name = name;
    this.#tell = (kind, text) => tell({ at: performance.now() - from, who: this.#name, kind, text });
  }

  readonly handlers: SocketHandlers = {
    onOpen: (socket) => {
      this.socket = socket;
      this.#tell('note', 'is in');
    },
    onText: () => undefined,
    onBinary: () => undefined,
    onPing: (data) => this.socket?.pong(data),
    onPong: () => undefined,
    onPacket: (packet) => {
      this.packets.push(packet);
      this.#tell('packet', JSON.stringify(packet));
    },
    onUnread: (frame, why) => {
      this.unread += 1;
      this.#tell('note', `no rule reads ${frame}: ${why}`);
    },
    onForeign: (direction, frame) => this.#tell(direction, frame),
    onClose: (code, _, reason) => {
      this.closed = code;
      this.#tell('note', `the connection has ended, code ${code}${reason ? ` (${reason})` : ''}`);
    },
  };

  async enter(dial: Dial, user: string): Promise<boolean> {
    const request = { user, device: 'default', subprotocol: false as const, timeoutMs: LOGIN_BOUND_MS };
    const outcome = await dial(request, this.handlers);
    if (!outcome.ok) this.#tell('note', `is not in: ${outcome.error}`);
    return outcome.ok;
  }

  say(request: MsgR | AckR): boolean {
    this.#tell('packet', JSON.stringify(request));
    const failure = this.socket?.sendPacket?.(request);
    if (failure !== undefined) this.#tell('note', `cannot ${failure.cannot}`);
    return failure === undefined;
  }

  async hear<T extends Packet['type']>(type: T): Promise<Extract<Packet, { type: T }> | undefined> {
    const until = performance.now() + ANSWER_BOUND_MS;
    for (;;) {
      const found = this.packets.find((packet) => packet.type === type);
      if (found !== undefined) return found as Extract<Packet, { type: T }>;
      if (performance.now() > until || this.closed !== undefined) return undefined;
      await sleep(LOOK_EVERY_MS);
    }
  }
}

const sentencesOf = (answered: boolean, pushed: boolean, unread: number): string[] => [
  answered ? 'the message was answered' : 'no frame was read as the answer (msg:A)',
  pushed ? 'the receiver got it' : 'no frame was read as the push (msg:N)',
  ...(unread > 0 ? [`${unread} frames were read by no rule: add rules; one without \`is\` ignores a frame`] : []),
];

/** Logs two users in, sends one message and acks it; tells every frame as it goes. */
export const converse = async (
  options: RunOptions,
  message: { alice: string; bob: string; msgId: string; body: string },
  tell: Tell,
): Promise<Tried> => {
  const { dialect } = options;
  if (dialect === undefined) throw new KitError('kit', 'there is no dialect to try', 'Please report this.');
  const url = addressOf(options.url, dialect) ?? '';
  const dial = createForeignDial(url, createAuthenticate({ ...options, tls: tlsOf(options) }), dialect);
  const from = performance.now();
  const bob = new Talker('bob', from, tell);
  const alice = new Talker('alice', from, tell);
  try {
    const entered = (await bob.enter(dial, message.bob)) && (await alice.enter(dial, message.alice));
    if (!entered) return { entered, complete: false, sentences: ['the login of the dialect does not come to its end'] };
    const { msgId, body } = message;
    const said = alice.say({ type: 'msg:R', rid: 'r1', msgId, to: message.bob, body });
    const push = said ? await bob.hear('msg:N') : undefined;
    const answer = said ? await alice.hear('msg:A') : undefined;
    if (push && dialect.profile.packets.includes('ack:R')) {
      bob.say({ type: 'ack:R', rid: 'r1', serverMsgId: push.serverMsgId });
      await sleep(LINGER_MS);
    }
    const isSame = push === undefined || (push.body === body && push.msgId === msgId && push.from === message.alice);
    const odd = isSame ? [] : ['what the receiver got is another message: look at its msgId, from and body above'];
    const sentences = [...sentencesOf(answer !== undefined, push !== undefined, alice.unread + bob.unread), ...odd];
    return {
      entered,
      complete: answer !== undefined && push !== undefined && isSame && alice.unread + bob.unread === 0,
      sentences,
    };
  } finally {
    for (const { socket } of [alice, bob]) socket?.closeCleanly();
  }
};
