import { Type } from '@sinclair/typebox';
import { which } from '../../../schemas/script-values.js';
import { requireOpen } from '../../play/clients/open-link.js';
import { recordFault } from '../../play/step-outcome.js';
import { defineClientVerb, nobody, noLabels, nothing, nothingNew, noWait } from '../define.js';

export const goes = defineClientVerb({
  name: 'goes',
  example: 'goes: silent',
  fields: { goes: Type.Literal('silent'), connection: which },
  does: 'Half-open: from now on nothing is read or written on the connection, which stays.',
  defines: nothingNew,
  uses: noLabels,
  clients: nobody,
  waitMs: noWait,
  needs: nothing,
  fills: [],
  verbatim: [],
  perform: (stage, actor, action, place) => {
    const link = actor.linkOf(action.connection);
    if (!requireOpen(stage, actor, link, place)) return false;
    link.goSilent();
    recordFault(stage, place, 'silence', true, { client: actor.name });
    return true;
  },
});
