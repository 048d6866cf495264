import { Type } from '@sinclair/typebox';
import { ifOpen, which } from '../../../schemas/script-values.js';
import { isOver, requireOpen } from '../../play/clients/open-link.js';
import { recordFault } from '../../play/step-outcome.js';
import { defineClientVerb, nobody, noLabels, nothing, nothingNew, noWait } from '../define.js';

export const reads = defineClientVerb({
  name: 'reads',
  example: 'reads: false',
  fields: { reads: Type.Boolean(), connection: which, ifOpen },
  does: 'Stops or resumes reading the connection, as a stalled reader does; writing goes on, pings stay unanswered meanwhile.',
  defines: nothingNew,
  uses: noLabels,
  clients: nobody,
  waitMs: noWait,
  needs: nothing,
  fills: [],
  verbatim: [],
  perform: (stage, actor, action, place) => {
    const link = actor.linkOf(action.connection);
    if (action.ifOpen && isOver(link)) return true;
    if (!requireOpen(stage, actor, link, place)) return false;
    link.setReading(action.reads);
    if (!action.reads) recordFault(stage, place, 'stall', true, { client: actor.name });
    return true;
  },
});
