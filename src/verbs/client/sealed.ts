import { KitError } from '../../errors.js';
import type { Stage } from '../../play/stage.js';
import { recordExpectation, recordUnreached } from '../../play/step-outcome.js';
import { expandLabels } from '../../script/labels.js';
import type { Perform } from './perform.js';

type KeyPair = Awaited<ReturnType<typeof import('jose')['generateKeyPair']>>;

interface Sealed {
  body: string;
  text: string;
}

/** What was encrypted on a stage: the keys of its clients, and the clear text of each body. */
interface Secrets {
  keys: Map<string, Promise<KeyPair>>;
  sealed: Sealed[];
}

const ofStage = new WeakMap<Stage, Secrets>();

const secretsOf = (stage: Stage): Secrets => {
  const known = ofStage.get(stage) ?? { keys: new Map(), sealed: [] };
  ofStage.set(stage, known);
  return known;
};

/** The keys of a client. They are made in the kit and never cross the wire. */
const keysOf = async (stage: Stage, client: string): Promise<KeyPair> => {
  const { generateKeyPair } = await import('jose');
  const { keys } = secretsOf(stage);
  const pair = keys.get(client) ?? generateKeyPair('ECDH-ES', { crv: 'X25519' });
  keys.set(client, pair);
  return pair;
};

/** A compact JWE of the text that only this client can open (ECDH-ES with X25519, A256GCM). */
export const sealFor = async (stage: Stage, client: string, text: string): Promise<string> => {
  const { CompactEncrypt } = await import('jose');
  const { publicKey } = await keysOf(stage, client);
  const body = await new CompactEncrypt(new TextEncoder().encode(text))
    .setProtectedHeader({ alg: 'ECDH-ES', enc: 'A256GCM' })
    .encrypt(publicKey);
  secretsOf(stage).sealed.push({ body, text });
  return body;
};

/** The last push of a message that the client got. */
const pushedBody = (stage: Stage, client: string, label: string): string | undefined => {
  const actor = stage.actors.get(client);
  const message = stage.book.get(label);
  for (const entry of [...(actor?.link?.inbox ?? [])].reverse()) {
    if (entry.kind !== 'packet' || entry.packet.type !== 'msg:N') continue;
    const { from, msgId, body } = entry.packet;
    if (from === message.fromUser && msgId === message.msgId) return body;
  }
  return undefined;
};

const open = async (stage: Stage, client: string, body: string): Promise<string> => {
  const { compactDecrypt } = await import('jose');
  const { privateKey } = await keysOf(stage, client);
  try {
    const { plaintext } = await compactDecrypt(body, privateKey);
    return Buffer.from(plaintext).toString('base64');
  } catch (cause) {
    return `it could not be opened: ${(cause as Error).message}`;
  }
};

export const opens: Perform<'opens'> = async (stage, actor, action, place) => {
  for (const label of expandLabels(action.opens)) {
    const sent = secretsOf(stage).sealed.find(({ body }) => body === stage.book.get(label).body);
    if (!sent) throw new KitError('usage', `${label} was not sent with \`body: { jwe: … }\``, 'Correct the scenario.');
    const body = pushedBody(stage, actor.name, label);
    if (body === undefined) return recordUnreached(stage, place, `${actor.name} got ${label}`, 'it did not come');
    const opened = await open(stage, actor.name, body);
    const expected = Buffer.from(sent.text, 'utf8').toString('base64');
    const intact = body === sent.body;
    const met = recordExpectation(stage, place, {
      requirement: action.by,
      expected: `${actor.name} opens ${label} and finds the ${Buffer.byteLength(sent.text)} bytes that were encrypted`,
      seen: opened === expected ? (intact ? 'they are the same' : 'the ciphertext had changed') : opened.slice(0, 200),
      met: opened === expected && intact,
      waitedMs: 0,
      message: label,
    });
    if (!met) return false;
  }
  return true;
};
