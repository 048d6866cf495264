import type { BotHello, BotInventory, BotOutcome, InventoryItem } from './bot-words.js';
import { OUTCOME_STATUSES } from './bot-words.js';

/** A word that a bot says. */
export type BotWord = { hello: BotHello } | { inventory: BotInventory } | { outcome: BotOutcome };

/** A word, or what was said instead and what is wrong with it, such as `a hello that is none: "words" must be 1`. */
export type ReadBotWord = { word: BotWord } | { fault: string };

/** By so many characters a word names a message that has no msgId. */
const HEAD_LENGTH = 64;
/** The first characters of a body, by which an outcome names what was never sent. */
export const headOf = (body: string): string => [...body].slice(0, HEAD_LENGTH).join('');

type Json = Readonly<Record<string, unknown>>;
/** What is wrong with a member; undefined: nothing. */
type Check = (value: Json) => string | undefined;

const isRecord = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === 'string';
const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.every(isText);
const isCount = (value: unknown): value is number => Number.isInteger(value) && (value as number) >= 1;
const areCounts = (value: unknown): boolean => isRecord(value) && Object.values(value).every(isCount);
const isUser = (value: unknown): boolean => isText(value) && /^[A-Za-z0-9._@-]{1,64}$/.test(value);
const isHash = (value: unknown): boolean => isText(value) && /^[0-9a-fA-F]{64}$/.test(value);
const isItem = (value: unknown): value is InventoryItem =>
  isText(value) ||
  (isRecord(value) &&
    isText(value.head) &&
    isCount(value.bytes) &&
    (value.sha256 === undefined || isHash(value.sha256)));
const areRoles = (value: unknown): boolean =>
  isTexts(value) && value.length > 0 && value.every((role) => role === 'sender' || role === 'receiver');

const optional =
  (isRight: (value: unknown) => boolean) =>
  (value: unknown): boolean =>
    value === undefined || isRight(value);

/** Each member with what it must be; members that nobody knows are ignored. */
const checkMembers =
  (...members: readonly [name: string, isRight: (value: unknown) => boolean, must: string][]): Check =>
  (value) => {
    const wrong = members.find(([name, isRight]) => !isRight(value[name]));
    return wrong && `"${wrong[0]}" must ${wrong[2]}`;
  };

const hello = checkMembers(
  ['words', (value) => value === 1, 'be 1, the version of the words'],
  ['start', (value) => isText(value) && value !== '', 'be a text that is new in every start'],
  ['name', isText, 'be a text that names the client'],
  ['roles', areRoles, 'hold "sender", "receiver" or both'],
  ['classes', optional(isTexts), 'be a list of texts'],
  ['timers', optional(areCounts), 'hold whole numbers of milliseconds, from 1'],
  ['limits', optional(areCounts), 'hold whole numbers, from 1'],
  ['can', optional(isTexts), 'be a list of texts'],
);

const inventory = checkMembers(
  ['from', isUser, 'be the user that was asked about'],
  ['ask', Number.isInteger, 'be the number that the kit asked with'],
  ['part', isCount, 'be a whole number, from 1'],
  ['parts', isCount, 'be a whole number, from 1'],
  [
    'items',
    (value) => Array.isArray(value) && value.every(isItem),
    'be a list of bodies, or of { head, bytes, sha256 } of long ones',
  ],
);

const isStatus = (value: unknown): boolean => (OUTCOME_STATUSES as readonly unknown[]).includes(value);
const outcomeMembers = checkMembers(
  ['msgId', optional(isText), 'be a text'],
  ['body', optional(isText), 'be a text'],
  ['status', isStatus, `be one of ${OUTCOME_STATUSES.join(', ')}`],
);
const outcome: Check = (value) => {
  if (value.msgId === undefined && value.body === undefined)
    return 'it must have "msgId", or "body" of what was never sent';
  return outcomeMembers(value);
};

const WORDS: ReadonlyMap<string, Check> = new Map([
  ['hello', hello],
  ['inventory', inventory],
  ['outcome', outcome],
]);

const notA = (what: string, why: string): ReadBotWord => ({ fault: `${what} that is none: ${why}` });

const parsed = (body: string): unknown => {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
};

/**
 * Reads the body of a message of a bot to the user `conductor`. By hand, for the judges have no validator of schemas; a
 * test holds it against `BotWordSchema`.
 */
export const readBotWord = (body: string): ReadBotWord => {
  const value = parsed(body);
  if (!isRecord(value)) return notA('a word', 'it is no JSON object');
  const [name = '', ...others] = Object.keys(value);
  const check = WORDS.get(name);
  if (check === undefined || others.length > 0) {
    return notA('a word', `it must have one member, which is ${[...WORDS.keys()].join(', ')}`);
  }
  const said = value[name];
  const fault = isRecord(said) ? check(said) : 'it is no object';
  if (fault !== undefined) return notA(name === 'hello' ? 'a hello' : `an ${name}`, fault);
  return { word: value as unknown as BotWord };
};
