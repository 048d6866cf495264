import { messages } from '../../../../schemas/script-values.js';
import { expandLabels } from '../../../script/index.js';
import { defineVerb } from '../define.js';

export const keepsQuiet = defineVerb({
  name: 'keepsQuiet',
  example: 'keepsQuiet: m1',
  fields: { keepsQuiet: messages },
  does: 'Tells nothing of these messages by itself, as if their recipient were away: the script tells.',
  uses: () => [],
  perform: (stage, action) => {
    for (const label of expandLabels(action.keepsQuiet)) stage.server.quietAbout.add(label);
    return true;
  },
});
