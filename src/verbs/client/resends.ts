import { Type } from '@sinclair/typebox';
import { count, messages, which } from '../../../schemas/script-values.js';
import { requireOpen } from '../../play/clients/open-link.js';
import { expandLabels } from '../../script/index.js';
import { defineClientVerb, nobody, nothing, nothingNew, noWait } from '../define.js';
import { sendAll, transmit } from './sending.js';

export const resends = defineClientVerb({
  name: 'resends',
  example: 'resends: m1',
  fields: {
    resends: messages,
    times: Type.Optional(count),
    lost: Type.Optional(Type.Literal(true)),
    connection: which,
  },
  does: 'Sends msg:R of known messages again: same msgId, fresh rid. Any device of the sender may do it.',
  defines: nothingNew,
  uses: (action) => expandLabels(action.resends),
  clients: nobody,
  waitMs: noWait,
  needs: nothing,
  fills: [],
  verbatim: [],
  perform: async (stage, actor, action, place) => {
    const link = actor.linkOf(action.connection);
    if (!requireOpen(stage, actor, link, place)) return false;
    await sendAll(stage, actor, place, expandLabels(action.resends), 'msg:R', action, (label) =>
      transmit(actor, link, stage.messages.get(label)),
    );
    return true;
  },
});
