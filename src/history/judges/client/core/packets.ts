import type { ClientJudge } from '../context.js';

/** Packets are valid. Which side of the client wrote an invalid one its type tells. */
export const judgePackets: ClientJudge = ({ facts, findings }) => ({
  onSending: () => findings.exercise('IM-4.1-11'),
  onAck: () => findings.exercise('IM-4.3-8'),
  onInvalid: ({ errors, text }) => {
    findings.report({
      requirement: /"type"\s*:\s*"ack:R"/.test(text) || /^ack:R/.test(errors[0] ?? '') ? 'IM-4.3-8' : 'IM-4.1-11',
      message: 'the client sent an invalid packet',
      expected: 'a packet that is valid against its schema',
      seen: errors.join('; '),
      where: text.slice(0, 120),
      events: [facts.line],
      about: undefined,
    });
  },
});
