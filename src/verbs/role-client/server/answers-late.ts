import { duration } from '../../../../schemas/script-values.js';
import { recordFault } from '../../../play/step-outcome.js';
import { durationMs } from '../../../script/index.js';
import { defineVerb } from '../define.js';

export const answersLate = defineVerb({
  name: 'answersLate',
  example: 'answersLate: 0.5 x deadAfterMs',
  fields: { answersLate: duration },
  does: 'From here on each upgrade is accepted that much later.',
  waitMs: (action, timers) => durationMs(action.answersLate, timers),
  perform: (stage, action, place) => {
    let told = false;
    stage.upgrades.lateness = {
      ms: durationMs(action.answersLate, stage.options.timers),
      onFired: () => {
        if (!told) recordFault(stage, place, 'delay', true);
        told = true;
      },
    };
    return true;
  },
});
