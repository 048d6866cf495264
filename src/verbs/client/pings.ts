import { Type } from '@sinclair/typebox';
import { ifOpen } from '../../../schemas/script-values.js';
import { isOver, requireOpen } from '../../play/clients/open-link.js';
import { defineClientVerb, nobody, noLabels, nothing, nothingNew, noWait } from '../define.js';

export const pings = defineClientVerb({
  name: 'pings',
  example: 'pings: true',
  fields: { pings: Type.Literal(true), ifOpen },
  does: 'Sends a WebSocket ping.',
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
    actor.link.ping();
    return true;
  },
});
