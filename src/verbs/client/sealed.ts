import type { Stage } from '../../play/stage.js';

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

export const secretsOf = (stage: Stage): Secrets => {
  const known = ofStage.get(stage) ?? { keys: new Map(), sealed: [] };
  ofStage.set(stage, known);
  return known;
};

/** The keys of a client. They are made in the kit and never cross the wire. */
export const keysOf = async (stage: Stage, client: string): Promise<KeyPair> => {
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
