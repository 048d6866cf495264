import { Type } from '@sinclair/typebox';
import { requireOpen } from '../../play/clients/open-link.js';
import { recordFault } from '../../play/step-outcome.js';
import { defineClientVerb, nobody, noLabels, nothing, nothingNew, noWait } from '../define.js';

export const answersPings = defineClientVerb({
  name: 'answersPings',
  example: 'answersPings: false',
  fields: { answersPings: Type.Boolean() },
  does: 'Stops or resumes answering pings; reading goes on.',
  defines: nothingNew,
  uses: noLabels,
  clients: nobody,
  waitMs: noWait,
  needs: nothing,
  fills: [],
  verbatim: [],
  perform: (stage, actor, action, place) => {
    if (!requireOpen(stage, actor, actor.link, place)) return false;
    actor.link.answersPings = action.answersPings;
    if (!action.answersPings) recordFault(stage, place, 'mute', true, { client: actor.name });
    return true;
  },
});
