import { describePlace } from '../../../facts/journey.js';
import type { Judge, JudgeContext } from '../../judge.js';

/** Judges that whatever the server sends is a valid packet. */
export const judgePackets = ({ facts, findings }: JudgeContext): Judge => ({
  onPacket: (connection, type) => {
    findings.exercise('IM-2-1');
    findings.exercise('IM-1-3');
    const isAnswer = type === 'msg:A' || type === 'ack:A';
    if (isAnswer && connection.lastFragments !== undefined) findings.exercise('IM-1-28');
  },
  onPong: () => findings.exercise('IM-1-14'),
  onInvalid: (connection, event) =>
    findings.report({
      requirement: event.level === 'frame' ? 'IM-1-3' : 'IM-2-1',
      message: `the server sent ${connection.client} something that is not a valid packet`,
      expected: 'a valid msg:A, msg:N, ack:A or ack:N in one text frame',
      seen: `${event.errors.join('; ')}: ${event.text.slice(0, 200)}`,
      where: describePlace(connection),
      events: [facts.line],
      about: undefined,
    }),
});
