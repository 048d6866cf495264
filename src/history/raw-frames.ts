import type { HistoryEventOf } from '../../schemas/index.js';
import { noteRawAck } from './acks.js';
import { type Try, variantOf } from './message.js';
import type { Connection, RawFrames, World } from './world.js';

const ID = '"\\s*:\\s*"([A-Za-z0-9_-]{1,64})"';
const RID = new RegExp(`"rid${ID}`, 'g');
const MSG_ID = new RegExp(`"msgId${ID}`, 'g');
const SERVER_MSG_ID = new RegExp(`"serverMsgId${ID}`, 'g');
/** From this length on the history may have cut the text. */
const CUT_FROM = 200;

/**
 * A frame that need not be a valid packet may still have been taken for one: it gives the server permissions
 * (to answer, to push, to count an ack), and lays no duties on it. Those are for the steps of the script.
 */
export const noteRawFrame = (world: World, connection: Connection, event: HistoryEventOf<'sent-raw'>): void => {
  connection.raw ??= { line: world.line, at: world.at, wild: false, rids: new Map(), answered: new Set() };
  const { raw } = connection;
  raw.line = world.line;
  raw.at = world.at;
  const text = event.text;
  if (text === undefined || text.length >= CUT_FROM) raw.wild = true;
  if (text === undefined) return;
  const plain = withoutEscapes(text);
  const attempts = /msg:R/.test(plain)
    ? idsIn(plain, MSG_ID).map((msgId) => noteRawTry(world, connection, msgId, text))
    : [];
  for (const sid of idsIn(plain, SERVER_MSG_ID)) noteRawAck(world, connection, sid);
  allow(raw, idsIn(plain, RID), attempts);
};

const allow = (raw: RawFrames, rids: string[], attempts: Try[]): void => {
  for (const rid of rids) raw.rids.set(rid, attempts.at(-1));
};

const idsIn = (text: string, pattern: RegExp): string[] => [
  ...new Set([...text.matchAll(pattern)].map((m) => m[1] as string)),
];

/** JSON may write the letters of a name or an id as escapes. What would change the structure stays as it is. */
const withoutEscapes = (text: string): string =>
  text.replaceAll(/\\u00([2-7][0-9a-f])/gi, (written, code: string) => {
    const character = String.fromCharCode(Number.parseInt(code, 16));
    return /[A-Za-z0-9_:-]/.test(character) ? character : written;
  });

const noteRawTry = (world: World, connection: Connection, msgId: string, text: string): Try => {
  const { user } = connection.device;
  const message = world.messages.find(user, msgId) ?? world.messages.create(user, msgId);
  const content = contentOf(text);
  let variant: number;
  if (content === undefined) {
    variant = message.variants.push({ to: '', body: undefined, bodyHash: 0, ttl: 0, ttlMs: undefined, wild: true }) - 1;
  } else variant = variantOf(message, content);
  const attempt: Try = {
    connection,
    variant,
    at: world.at,
    line: world.line,
    answer: 'lost',
    answeredAt: -1,
    answeredLine: -1,
    raw: true,
    extra: true,
    query: undefined,
  };
  message.tries.push(attempt);
  return attempt;
};

/** The content of a frame that is a whole msg:R, perhaps with more in it. Of other frames nothing is known. */
const contentOf = (text: string): { to: string; body: string } | undefined => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { to, body, ttlMs } = value as Record<string, unknown>;
  if (typeof to !== 'string' || typeof body !== 'string' || ttlMs !== undefined) return undefined;
  // A name that stands twice may be read either way.
  if ([...text.matchAll(/"(to|body|msgId)"\s*:/g)].length > 3) return undefined;
  return { to, body };
};
