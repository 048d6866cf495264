import { Type } from '@sinclair/typebox';
import { ifOpen } from '../../../schemas/script-values.js';
import { isOver, requireOpen } from '../../play/clients/open-link.js';
import { defineClientVerb, nobody, noLabels, nothing, nothingNew, noWait } from '../define.js';

export const pongs = defineClientVerb({
  name: 'pongs',
  example: 'pongs: true',
  fields: { pongs: Type.Literal(true), ifOpen },
  does: 'Sends a WebSocket pong that answers no ping: a sign of life, and allowed (RFC 6455, 5.5.3).',
  defines: nothingNew,
  uses: noLabels,
  clients: nobody,
  waitMs: noWait,
  needs: nothing,
  fills: [],
  verbatim: [],
  perform: (stage, actor, action, place) => {
    if (action.ifOpen && isOver(actor.link)) return true;
    if (!requireOpen(stage, actor, actor.link, place)) return false;
    actor.link.pong();
    return true;
  },
});
