import { Type } from '@sinclair/typebox';
import { defineClientVerb, nobody, noLabels, nothing, nothingNew, noWait } from '../define.js';

export const autoAcks = defineClientVerb({
  name: 'autoAcks',
  example: 'autoAcks: true',
  fields: { autoAcks: Type.Boolean() },
  does: 'From now on hands over and acks every msg:N at once, as a complete receiver does, and what the application has got and not acked.',
  defines: nothingNew,
  uses: noLabels,
  clients: nobody,
  waitMs: noWait,
  needs: nothing,
  fills: [],
  verbatim: [],
  perform: (_stage, actor, action) => {
    actor.autoAcks = action.autoAcks;
    const { link } = actor;
    if (!action.autoAcks || link?.state !== 'open') return true;
    actor.receiver.resendOwedAcks(link);
    actor.receiver.ackHandedOver(link);
    for (const entry of link.inbox.entries) {
      if (entry.kind === 'packet' && !entry.taken) actor.receiver.takePush(link, entry);
    }
    return true;
  },
});
