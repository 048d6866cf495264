import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ErrorCode, RETRYABLE_CODES, WIRE } from '../../../../schemas/index.js';
import { KitError } from '../../../errors.js';
import { connectPatiently, type Dial } from '../../../play/index.js';
import type { Tried } from '../network/index.js';
import { Guest, type Heard } from './guest.js';

/** The largest body that every server takes, of a character that JSON writes as six: it shows what a line carries. */
const LARGE_BODY = '\u0001'.repeat(65_536);
const LARGE_BYTES = 6 * LARGE_BODY.length;
/** So many times longer than a small message it may take. */
const LARGE_WAITS = 20;
const PINGS = 5;
/** Pings over a slow network end here: three of them say enough. */
const PINGS_BOUND_MS = 3_000;
const MAX_TRIES = 20;
const RETRY_MS = 50;

/** Who says hello to whom: two users that the server lets in. */
export interface HelloUser {
  user: string;
  device: string;
  /** What the kit shows for it. Undefined: no bearer token. */
  token?: string | undefined;
}

export interface HelloOptions {
  url: string;
  dial: Dial;
  alice: HelloUser;
  bob: HelloUser;
  connectMs: number;
  answerMs: number;
}

/** What came of it: how the network is, and sentences about what is odd and keeps nobody out. */
export interface Hello {
  tried: Tried;
  notes: string[];
}

const pingTimes = async (guest: Guest, boundMs: number): Promise<number[]> => {
  const times: number[] = [];
  const from = performance.now();
  while (times.length < PINGS && (times.length < 3 || performance.now() - from < PINGS_BOUND_MS)) {
    const before = guest.pongs;
    const sentAt = performance.now();
    guest.ping();
    if (!(await guest.until(() => guest.pongs > before || undefined, boundMs))) break;
    times.push(performance.now() - sentAt);
  }
  return times;
};

/** Sends one message and again for as long as the server asks for that. Returns the last answer, and how long it took. */
const ask = async (guest: Guest, to: string, body: string, msgId: string, boundMs: number) => {
  for (let tries = 1; ; tries += 1) {
    const rid = `hello-${msgId.slice(0, 8)}-${tries}`;
    const sentAt = performance.now();
    const answer = guest.expect('msg:A', rid);
    guest.send({ type: 'msg:R', rid, msgId, to, body });
    const { packet, at } = (await guest.until(answer, boundMs)) ?? {};
    if (packet === undefined || at === undefined) return undefined;
    const code = packet.error?.code;
    if (code === undefined || !RETRYABLE_CODES.has(code) || tries === MAX_TRIES) {
      return { status: packet.status, code, tookMs: at - sentAt, tries };
    }
    await sleep(Math.max(RETRY_MS, packet.error?.retryAfterMs ?? 0));
  }
};

/** Whether that push reaches the guest, who acks it then; and who is said to have sent it. */
const arrives = async (
  guest: Guest,
  push: () => Heard<'msg:N'> | undefined,
  boundMs: number,
): Promise<string | undefined> => {
  const { packet } = (await guest.until(push, boundMs)) ?? {};
  if (packet === undefined) return undefined;
  const rid = `hello-ack-${packet.msgId.slice(0, 8)}`;
  const answer = guest.expect('ack:A', rid);
  guest.send({ type: 'ack:R', rid, serverMsgId: packet.serverMsgId });
  await guest.until(answer, boundMs);
  return packet.from;
};

const otherName = (url: string, user: string, taken: string): KitError =>
  new KitError(
    'usage',
    `${url} takes the kit's token for the user "${taken}", and not for "${user}": every message would be looked for under the wrong name.`,
    'Write --token so that the user that the server reads from it is {user}, or list the accounts with --users FILE.',
  );

const refuses = (code: ErrorCode | undefined, { url, alice, bob }: HelloOptions): KitError | undefined => {
  if (code === 'not-allowed') {
    return new KitError(
      'usage',
      `${url} does not let ${alice.user} write to ${bob.user} (not-allowed): these users may not write to each other.`,
      'List accounts that may all write to each other with --users FILE.',
    );
  }
  if (code === undefined || !RETRYABLE_CODES.has(code)) return undefined;
  return new KitError(
    'unreachable',
    `${url} answered ${code} to the same msg:R ${MAX_TRIES} times, so nothing can be tested.`,
    'Look for a limit of the server or for a store that fails; the kit obeys retryAfterMs.',
  );
};

const speaksOtherwise = (url: string, text: string): KitError =>
  new KitError(
    'unreachable',
    `${url} speaks something else than im.ran.v1: it sent ${JSON.stringify(text)}, and no answer to a msg:R.`,
    'Give the url of the endpoint that speaks the protocol; its answer to a msg:R is a msg:A.',
  );

/** A server that reads another name from the token knows nobody of the given one. */
const checkName = async (
  guests: { alice: Guest; bob: Guest },
  { url, bob, answerMs }: HelloOptions,
  from: string | undefined,
  sender: HelloUser,
): Promise<void> => {
  if (from !== undefined && from !== sender.user && from === sender.token) throw otherName(url, sender.user, from);
  if (from !== undefined || bob.token === undefined || bob.token === bob.user) return;
  if (!/^[A-Za-z0-9._@-]{1,64}$/.test(bob.token)) return;
  const msgId = randomUUID();
  const push = guests.bob.expect('msg:N', msgId);
  await ask(guests.alice, bob.token, 'hello', msgId, answerMs);
  if ((await arrives(guests.bob, push, answerMs)) !== undefined) throw otherName(url, bob.user, bob.token);
};

const converse = async (alice: Guest, bob: Guest, options: HelloOptions): Promise<Hello> => {
  const { url, answerMs } = options;
  const to = options.bob.user;
  const roundTripsMs = await pingTimes(alice, options.connectMs);
  const waitMs = answerMs + Math.max(0, ...roundTripsMs);
  const msgId = randomUUID();
  const push = bob.expect('msg:N', msgId);
  const small = await ask(alice, to, 'hello', msgId, waitMs);
  const foreign = alice.foreign ?? bob.foreign;
  if (small === undefined && foreign !== undefined && !alice.speaks) {
    throw speaksOtherwise(url, foreign);
  }
  const refusal = refuses(small?.code, options);
  if (refusal) throw refusal;
  const accepted = small !== undefined && small.code === undefined;
  const from = accepted ? await arrives(bob, push, 2 * waitMs) : undefined;
  if (small !== undefined) await checkName({ alice, bob }, options, from, options.alice);
  // What is wrong beyond that is for the scenarios to judge; a network can be tried only where messages come through.
  if (small === undefined || from === undefined) return { tried: { roundTripsMs }, notes: [] };
  const largeId = randomUUID();
  const largePush = bob.expect('msg:N', largeId);
  const large = await ask(alice, to, LARGE_BODY, largeId, LARGE_WAITS * waitMs);
  if (large === undefined || large.code !== undefined) return { tried: { roundTripsMs }, notes: [] };
  await arrives(bob, largePush, LARGE_WAITS * waitMs);
  return { tried: { roundTripsMs, large: { bytes: LARGE_BYTES, longerMs: large.tookMs - small.tookMs } }, notes: [] };
};

/**
 * One message from one user to another, with its six packets, and a large one: what a wrong set-up makes of it is said at
 * once, before it looks like hundreds of faults of the server. Throws KitError for a set-up that cannot work.
 */
export const hello = async (options: HelloOptions): Promise<Hello> => {
  const { dial, connectMs } = options;
  const guests = { alice: new Guest(), bob: new Guest() };
  try {
    for (const name of ['bob', 'alice'] as const) {
      const { user, device } = options[name];
      const request = { user, device, subprotocol: WIRE.subprotocol, timeoutMs: connectMs };
      const outcome = await connectPatiently(() => dial(request, guests[name].handlers), sleep);
      // How it connects is for the scenarios to judge: the preflight came through.
      if (!outcome.ok) return { tried: { roundTripsMs: [] }, notes: [] };
    }
    return await converse(guests.alice, guests.bob, options);
  } finally {
    guests.alice.leave();
    guests.bob.leave();
  }
};
