import { messages } from '../../../../schemas/script-values.js';
import { recordUnreached } from '../../../play/step-outcome.js';
import { expandLabels } from '../../../script/index.js';
import { defineVerb } from '../define.js';

export const releases = defineVerb({
  name: 'releases',
  example: 'releases: [m2, m1]',
  fields: { releases: messages },
  does: 'What was held back of these messages goes on, in that order.',
  uses: (action) => expandLabels(action.releases),
  perform: (stage, action, place) => {
    const missing = expandLabels(action.releases).find((label) => !stage.server.faults.release(label));
    if (missing === undefined) return true;
    return recordUnreached(stage, place, `a packet of ${missing} is held back`, 'none is');
  },
});
