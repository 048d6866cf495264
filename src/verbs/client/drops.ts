import { Type } from '@sinclair/typebox';
import { count, duration, messages, packetType, requirement } from '../../../schemas/script-values.js';
import { connectionOf, describeMissed, missOf, PacketWait } from '../../play/clients/await-packets.js';
import { awaitedBy } from '../../play/clients/expectation.js';
import { playedThroughDialect } from '../../play/clients/through-dialect.js';
import { CLOSED_BY_A_FAULT, recordExpectation, recordFault, recordUnreached } from '../../play/step-outcome.js';
import { boundWaitMs, durationMs, expandLabels } from '../../script/index.js';
import { defaultRequirement } from '../default-requirement.js';
import { defineClientVerb, nobody, nothing, nothingNew } from '../define.js';
import { dueSince } from './gets.js';
import { waitFor } from './wait-for.js';

export const drops = defineClientVerb({
  name: 'drops',
  example: 'drops: msg:N',
  fields: {
    drops: packetType,
    of: messages,
    times: Type.Optional(count),
    within: Type.Optional(duration),
    by: Type.Optional(requirement),
  },
  does: 'Waits for the packet and throws it away: as if the network had lost it, with the link kept.',
  defines: nothingNew,
  uses: ({ of }) => expandLabels(of),
  clients: nobody,
  waitMs: ({ within }, timers) => boundWaitMs(within, timers),
  needs: nothing,
  fills: [],
  verbatim: [],
  perform: async (stage, actor, action, place) => {
    const link = connectionOf(actor, undefined);
    const labels = expandLabels(action.of);
    const pattern = { what: action.drops };
    const otherwise = await playedThroughDialect(stage, place, pattern, labels);
    if (otherwise !== undefined) return otherwise;
    const boundMs = stage.bound(
      durationMs(action.within ?? 'answerWithinMs', stage.options.timers),
      1,
      dueSince(stage, labels),
    );
    const from = performance.now();
    const wait = new PacketWait(stage, actor, link, { pattern, labels, times: Number(action.times ?? 1), boundMs });
    const result = await waitFor(stage, wait, action.within);
    recordFault(stage, place, 'drop', result.met, { client: actor.name, packet: action.drops });
    const expected = `${action.drops} of ${labels.join(', ')} reaches ${actor.name}, where it is lost`;
    if (result.closed !== undefined && stage.excusesEnd(link.node)) {
      return recordUnreached(stage, place, expected, CLOSED_BY_A_FAULT);
    }
    const [message] = result.met ? labels : result.missing;
    return recordExpectation(stage, place, {
      requirement: action.by ?? defaultRequirement(action.drops, undefined),
      expected,
      seen: result.met ? 'it came and was thrown away' : describeMissed(result, boundMs),
      met: result.met,
      awaits: awaitedBy(pattern),
      waitedMs: performance.now() - from,
      ...missOf(result),
      ...(message ? { message } : {}),
    });
  },
});
