import { hash64, hashed } from './hash.js';
import { aboutOf, type Message, nameOf } from './message.js';
import type { World } from './world.js';

/**
 * A packet names the serverMsgId of a message: one for all its packets, and no other message has it.
 * `quiet`: another one is no news here, only to be found again.
 */
export const learnSid = (world: World, message: Message, sid: string, packet: string, quiet = false): void => {
  if (message.hasSid) judgeSameSid(world, message, sid, packet, quiet);
  else judgeNewSid(world, message, sid, packet, quiet);
};

const judgeSameSid = (world: World, message: Message, sid: string, packet: string, quiet: boolean): void => {
  if (isSidOf(message, sid)) {
    if (message.sid === undefined) world.messages.setSid(message, sid);
    world.book.exercise('IM-2-8');
    return;
  }
  world.messages.addAlias(message, sid);
  if (quiet || world.forgetful) return;
  const since = message.evidenceLine;
  const restarted = packet === 'msg:A' && world.endBetween(since, world.line) !== undefined;
  world.book.report({
    requirement: restarted ? 'IM-4.2-30' : 'IM-2-8',
    message: `a ${packet} of ${message.msgId} carries another serverMsgId than before`,
    expected: `serverMsgId ${message.sid ?? 'of before'}`,
    seen: `serverMsgId ${sid}`,
    events: [since, world.line].filter(Number.isFinite),
    about: aboutOf(message),
  });
};

const judgeNewSid = (world: World, message: Message, sid: string, packet: string, quiet: boolean): void => {
  const other = world.messages.bySid(sid);
  const restarted = world.ends.length > 0;
  if (other === undefined || other === message) {
    world.messages.setSid(message, sid);
    world.book.exercise('IM-2-7');
    if (restarted) world.book.exercise('IM-4.2-31');
    return;
  }
  message.hasSid = true;
  message.sid = sid;
  if (quiet) return;
  const ended = world.endBetween(other.evidenceLine, world.line) !== undefined;
  world.book.report({
    // Two users with the same msgId: the server has taken the two messages for one.
    requirement: other.msgId === message.msgId ? 'IM-2-5' : ended ? 'IM-4.2-31' : 'IM-2-7',
    message: `two messages have the serverMsgId ${sid}`,
    expected: 'a serverMsgId that no other message has',
    seen: `a ${packet} gives ${message.msgId} of ${message.from.name} the serverMsgId of ${nameOf(other)} of ${other.from.name}`,
    events: [other.evidenceLine, world.line].filter(Number.isFinite),
    about: aboutOf(message),
  });
};

/** Of a message that was folded only the hash of its serverMsgId is known. */
export const isSidOf = (message: Message, sid: string): boolean => {
  if (message.sid !== undefined) return message.sid === sid;
  hash64(sid);
  return message.sidLow === hashed.low >>> 0 && message.sidHigh === hashed.high >>> 0;
};
