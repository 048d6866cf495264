import type { AckR, MsgR } from '../../../../../schemas/index.js';
import type { ClientFacts } from '../../../facts/client/client-facts.js';
import type { ClientJudge } from '../context.js';

const messageOf = (facts: ClientFacts, packet: MsgR | AckR): { from: string; msgId: string } | undefined => {
  if (packet.type === 'msg:R') return { from: 'subject', msgId: packet.msgId };
  const push = facts.pushes.get(packet.serverMsgId);
  return push && { from: push.from, msgId: push.msgId };
};

/** A fresh rid for every transmission, whatever it carries: the words of the bot, too. */
export const judgeRids: ClientJudge = ({ facts, findings }) => ({
  onRidUsedTwice: (packet, conn) =>
    findings.report({
      requirement: packet.type === 'msg:R' ? 'IM-4.1-3' : 'IM-4.3-12',
      message: 'a rid was used twice on one connection',
      expected: 'a fresh rid for every transmission',
      seen: `the rid ${packet.rid} again, in ${packet.type === 'msg:R' ? 'a msg:R' : 'an ack:R'}`,
      where: `on connection ${conn}`,
      events: [facts.line],
      about: messageOf(facts, packet),
    }),
  onSending: ({ sendings }) => {
    if (sendings.length > 1) findings.exercise('IM-4.1-3');
  },
  onAck: ({ acks }) => {
    if (acks.length > 1) findings.exercise('IM-4.3-12');
  },
});
