import type { HistoryEventOf } from '../../../schemas/index.js';
import type { Connection, RawFrames } from './connection.js';
import type { Facts } from './facts.js';
import { type MsgAttempt, variantOf } from './message.js';
import { noteRawAck } from './requests.js';

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
export const noteRawFrame = (facts: Facts, connection: Connection, event: HistoryEventOf<'sent-raw'>): void => {
  connection.raw ??= {
    line: facts.line,
    at: facts.at,
    wild: false,
    rids: new Map(),
    named: new Map(),
    answered: new Set(),
  };
  const { raw } = connection;
  raw.line = facts.line;
  raw.at = facts.at;
  const text = event.text;
  if (text === undefined || text.length >= CUT_FROM) raw.wild = true;
  if (text === undefined) return;
  const plain = withoutEscapes(text);
  const attempts = plain.includes('msg:R')
    ? idsIn(plain, MSG_ID).map((msgId) => noteRawMsg(facts, connection, msgId, text))
    : [];
  for (const serverMsgId of idsIn(plain, SERVER_MSG_ID)) noteRawAck(facts, connection, serverMsgId);
  const rids = idsIn(plain, RID);
  // Of a rid that several frames have carried nobody knows which of them an answer is for.
  const fresh = new Set(rids.filter((rid) => !raw.rids.has(rid)));
  for (const rid of rids) raw.named.delete(rid);
  allow(raw, rids, attempts);
  const named = namedIn(text);
  if (named !== undefined && fresh.has(named.rid)) raw.named.set(named.rid, named.id);
};

const VALID_ID = /^[A-Za-z0-9_-]{1,64}$/;

/** The id in the R that a text is, whatever else is wrong with it. Of a name that stands twice nothing is known. */
const namedIn = (text: string): { rid: string; id: string } | undefined => {
  const value = objectIn(text);
  const { type, rid } = value ?? {};
  const name = type === 'msg:R' ? 'msgId' : type === 'ack:R' ? 'serverMsgId' : undefined;
  if (value === undefined || name === undefined || typeof rid !== 'string') return undefined;
  const id = value[name];
  if (typeof id !== 'string' || !VALID_ID.test(id)) return undefined;
  return text.split(`"${name}"`).length === 2 && text.split('"rid"').length === 2 ? { rid, id } : undefined;
};

const objectIn = (text: string): Record<string, unknown> | undefined => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
};

const allow = (raw: RawFrames, rids: string[], attempts: MsgAttempt[]): void => {
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

const noteRawMsg = (facts: Facts, connection: Connection, msgId: string, text: string): MsgAttempt => {
  const message = facts.messages.findOrCreate(connection.device.user, msgId);
  const content = contentOf(text);
  let variant: number;
  if (content === undefined) {
    variant = message.variants.push({ to: '', body: undefined, bodyHash: 0, ttl: 0, ttlMs: undefined, wild: true }) - 1;
  } else variant = variantOf(message, content);
  const attempt: MsgAttempt = {
    connection,
    variant,
    at: facts.at,
    line: facts.line,
    answer: 'lost',
    answeredAt: -1,
    answeredLine: -1,
    raw: true,
    extra: true,
    query: undefined,
  };
  message.attempts.push(attempt);
  return attempt;
};

/** The content of a frame that is a whole msg:R, perhaps with more in it. Of other frames nothing is known. */
const contentOf = (text: string): { to: string; body: string } | undefined => {
  const { to, body, ttlMs } = objectIn(text) ?? {};
  if (typeof to !== 'string' || typeof body !== 'string' || ttlMs !== undefined) return undefined;
  // A name that stands twice may be read either way.
  if ([...text.matchAll(/"(to|body|msgId)"\s*:/g)].length > 3) return undefined;
  return { to, body };
};
