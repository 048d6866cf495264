import { Type } from '@sinclair/typebox';
import { count, messages, which } from '../../../schemas/script-values.js';
import { requireOpen } from '../../play/clients/open-link.js';
import { recordSkipped, recordUnreached } from '../../play/step-outcome.js';
import { expandLabels } from '../../script/index.js';
import { defineClientVerb, nobody, nothing, nothingNew, noWait } from '../define.js';
import { sendAll } from './sending.js';

export const acks = defineClientVerb({
  name: 'acks',
  example: 'acks: m1',
  fields: {
    acks: messages,
    times: Type.Optional(count),
    lost: Type.Optional(Type.Literal(true)),
    delayed: Type.Optional(Type.Literal(true)),
    reordered: Type.Optional(Type.Literal(true)),
    connection: which,
  },
  does: 'Sends ack:R with the serverMsgId that the kit saw for the message, whoever received it.',
  defines: nothingNew,
  uses: (action) => expandLabels(action.acks),
  clients: nobody,
  waitMs: noWait,
  needs: nothing,
  fills: [],
  verbatim: [],
  perform: async (stage, actor, action, place) => {
    const link = actor.linkOf(action.connection);
    if (!requireOpen(stage, actor, link, place)) return false;
    const absent = stage.whyLacking('ack:R');
    if (absent !== undefined) return recordSkipped(stage, place, absent);
    const labels = expandLabels(action.acks);
    const unknown = labels.find((label) => stage.messages.get(label).serverMsgId === undefined);
    if (unknown !== undefined && stage.options.dialect) {
      const why = 'ack a message that was pushed to nobody: no frame has told its id';
      stage.record({ kind: 'cannot', client: actor.name, conn: link.conn, packet: 'ack:R', why });
      stage.cannotGoOn = true;
      return false;
    }
    if (unknown !== undefined)
      return recordUnreached(stage, place, `the serverMsgId of ${unknown} is known`, 'no packet told it');
    await sendAll(stage, actor, place, labels, 'ack:R', action, (label) => {
      actor.receiver.ack(link, stage.messages.get(label).serverMsgId as string, label);
      return 0;
    });
    return true;
  },
});
