import { messages } from '../../../schemas/script-values.js';
import { recordUnreached } from '../../play/step-outcome.js';
import { expandLabels } from '../../script/index.js';
import { defineClientVerb, nobody, nothing, nothingNew, noWait } from '../define.js';

export const releases = defineClientVerb({
  name: 'releases',
  example: 'releases: m1',
  fields: { releases: messages },
  does: 'Writes the msg:R or ack:R that was `delayed`.',
  defines: nothingNew,
  uses: (action) => expandLabels(action.releases),
  clients: nobody,
  waitMs: noWait,
  needs: nothing,
  fills: [],
  verbatim: [],
  perform: (stage, _actor, action, place) => {
    for (const label of expandLabels(action.releases)) {
      if (!stage.release(`msg:R ${label}`) && !stage.release(`ack:R ${label}`)) {
        return recordUnreached(stage, place, `a packet of ${label} was held back`, 'none was');
      }
    }
    return true;
  },
});
