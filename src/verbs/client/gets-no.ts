import { Type } from '@sinclair/typebox';
import { duration, messages, packetType, requirement, which } from '../../../schemas/script-values.js';
import { connectionOf } from '../../play/clients/await-packets.js';
import { describePattern, describeReceived, labelsOfPacket, matches } from '../../play/clients/expectation.js';
import { playedThroughDialect } from '../../play/clients/through-dialect.js';
import { recordExpectation } from '../../play/step-outcome.js';
import { durationMs, labelsOf } from '../../script/index.js';
import { defineClientVerb, nobody, nothing, nothingNew } from '../define.js';

export const getsNo = defineClientVerb({
  name: 'getsNo',
  example: 'getsNo: msg:N',
  fields: {
    getsNo: Type.Union([packetType, Type.Literal('close')]),
    of: Type.Optional(messages),
    status: Type.Optional(Type.String()),
    for: duration,
    further: Type.Optional(Type.Literal(true, { description: 'What has arrived before this step does not count.' })),
    by: requirement,
    connection: which,
  },
  does: 'Watches the connection for that long: nothing that matches may arrive.',
  defines: nothingNew,
  uses: ({ of }) => labelsOf(of),
  clients: nobody,
  waitMs: (action, timers) => durationMs(action.for, timers),
  needs: nothing,
  fills: [],
  verbatim: [],
  perform: async (stage, actor, action, place) => {
    const link = connectionOf(actor, action.connection);
    const labels = labelsOf(action.of);
    const { status } = action;
    const pattern = { what: action.getsNo, ...(status === undefined ? {} : { statuses: [status] }) };
    const otherwise = await playedThroughDialect(stage, place, pattern, labels);
    if (otherwise !== undefined) return otherwise;
    const windowMs = stage.bound(durationMs(action.for, stage.options.timers));
    let cursor = action.further ? link.inbox.entries.length : 0;
    let unwanted: string | undefined;
    const look = (): boolean => {
      for (; cursor < link.inbox.entries.length; cursor++) {
        const entry = link.inbox.entries[cursor];
        if (!entry || entry.taken || matches(pattern, entry, (item) => stage.has(item)) !== 'yes') continue;
        // A repeat of before the ack:A is legal; only what follows the ack is a second push.
        if (entry.kind === 'packet' && entry.passedOver) continue;
        const of = entry.kind === 'packet' ? labelsOfPacket(stage, actor, link, entry.packet) : labels;
        if (labels.length === 0 || of.some((label) => labels.includes(label))) unwanted = describeReceived(entry);
      }
      return unwanted !== undefined;
    };
    const from = performance.now();
    await stage.mustWait(stage.waits.until(look, windowMs));
    const [message] = labels;
    return recordExpectation(stage, place, {
      requirement: action.by,
      expected: `no ${describePattern(pattern, labels)} reaches ${actor.name} for ${Math.round(windowMs)} ms`,
      seen: unwanted ?? 'none came',
      met: unwanted === undefined,
      miss: 'unwanted-packet',
      waitedMs: performance.now() - from,
      ...(message ? { message } : {}),
    });
  },
});
