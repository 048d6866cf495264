import type { Facts } from '../../../facts/facts.js';
import type { TrackedMessage } from '../../../facts/message.js';

/** Only short histories are searched: near ids come from scripts, not from traffic. */
const MAX_MESSAGES = 256;

/**
 * Whether the same user has sent another id that differs only by case, or of which one is the beginning or end of the
 * other; or another user one that is the same text once names and ids are joined.
 */
export const hasNearId = (facts: Facts, message: TrackedMessage): boolean => {
  if (facts.messages.store.size > 0 || facts.messages.live.size > MAX_MESSAGES) return false;
  for (const other of facts.messages.unfolded()) {
    if (other === message) continue;
    if (other.from === message.from ? isNear(other.msgId, message.msgId) : isJoined(other, message)) return true;
  }
  return false;
};

const isNear = (one: string, other: string): boolean => {
  const [short, long] = one.length <= other.length ? [one, other] : [other, one];
  return short.toLowerCase() === long.toLowerCase() || long.startsWith(short) || long.endsWith(short);
};

/** What stands between a name and an id when both become one key. */
const SEPARATORS = ['', '-', '_', '.', ':', '/', '@'] as const;

const isJoined = (one: TrackedMessage, other: TrackedMessage): boolean =>
  SEPARATORS.some(
    (between) =>
      [one.from.name, one.msgId].join(between) === [other.from.name, other.msgId].join(between) ||
      [one.msgId, one.from.name].join(between) === [other.msgId, other.from.name].join(between),
  );
