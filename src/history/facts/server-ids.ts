import { hash64, hashed } from '../record/hash.js';
import type { Facts } from './facts.js';
import type { ServerMsgIdNamed } from './listener.js';
import type { MsgAttempt, TrackedMessage } from './message.js';

/** A packet names the serverMsgId of a message. */
export const noteServerMsgId = (
  facts: Facts,
  message: TrackedMessage,
  serverMsgId: string,
  packet: ServerMsgIdNamed['packet'],
  attempt?: MsgAttempt,
): void => {
  const owner = message.hasServerMsgId ? undefined : facts.messages.byServerMsgId(serverMsgId);
  const outcome = outcomeOf(message, serverMsgId, owner);
  if (outcome === 'first' || (outcome === 'same' && message.serverMsgId === undefined)) {
    facts.messages.setServerMsgId(message, serverMsgId);
  } else if (outcome === 'other') facts.messages.addAlias(message, serverMsgId);
  else if (outcome === 'taken') {
    message.hasServerMsgId = true;
    message.serverMsgId = serverMsgId;
  }
  facts.tell.onServerMsgId({ message, serverMsgId, packet, outcome, owner, attempt });
};

const outcomeOf = (
  message: TrackedMessage,
  serverMsgId: string,
  owner: TrackedMessage | undefined,
): ServerMsgIdNamed['outcome'] => {
  if (message.hasServerMsgId) return isServerMsgIdOf(message, serverMsgId) ? 'same' : 'other';
  return owner === undefined || owner === message ? 'first' : 'taken';
};

/** Of a message that was folded only the hash of its serverMsgId is known. */
export const isServerMsgIdOf = (message: TrackedMessage, serverMsgId: string): boolean => {
  if (message.serverMsgId !== undefined) return message.serverMsgId === serverMsgId;
  hash64(serverMsgId);
  return message.serverMsgIdLow === hashed.low >>> 0 && message.serverMsgIdHigh === hashed.high >>> 0;
};
