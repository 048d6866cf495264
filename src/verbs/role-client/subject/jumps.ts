import { Type } from '@sinclair/typebox';
import { placeholder } from '../../../../schemas/script-values.js';
import { recordFault } from '../../../play/step-outcome.js';
import { defineVerb } from '../define.js';

const DAY_MS = 86_400_000;

export const jumps = defineVerb({
  name: 'jumps',
  example: 'jumps: -3600000',
  fields: {
    jumps: Type.Union([Type.Integer({ minimum: -400 * DAY_MS, maximum: 400 * DAY_MS }), placeholder], {
      description: 'Milliseconds from the true time, at most 400 days; 0 sets the clock right.',
    }),
  },
  does: 'Sets the wall clock of the bot, as a person or a time service does. It needs libfaketime (Debian: libfaketime). It has fired where the system shows that every process of the bot has loaded it.',
  needs: () => ({ clock: true }),
  perform: (stage, action, place) => {
    const offsetMs = Number(action.jumps);
    const followed = stage.options.host.setClock(offsetMs);
    stage.record({ kind: 'subject', event: 'clock', offsetMs });
    recordFault(stage, place, 'clock', followed, { detail: offsetMs === 0 ? 'set right' : 'jump' });
    return true;
  },
});
