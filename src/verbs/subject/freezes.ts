import { duration } from '../../../schemas/script-values.js';
import { recordFault } from '../../play/step-outcome.js';
import { controlOf } from '../../play/subject-control.js';
import { durationMs } from '../../script/index.js';
import { defineSubjectVerb, nothingNew } from '../define.js';
import { aimedClients, aimedLabels, aimedPacket, awaitTrigger, before, isInTime, when } from './aim.js';

export const freezes = defineSubjectVerb({
  name: 'freezes',
  example: 'freezes: 1.5 x deadAfterMs',
  fields: { freezes: duration, when, before },
  does: 'SIGSTOP, that long, then SIGCONT.',
  defines: nothingNew,
  uses: aimedLabels,
  clients: aimedClients,
  waitMs: (action, timers) => durationMs(action.freezes, timers),
  needs: () => ({ control: true }),
  fills: [],
  verbatim: [],
  perform: async (stage, action, place) => {
    if (!(await awaitTrigger(stage, action.when, place))) return false;
    const fired = isInTime(stage, action);
    const control = controlOf(stage);
    control.freeze();
    stage.record({ kind: 'subject', event: 'frozen', signal: 'SIGSTOP' });
    try {
      await stage.mustWait(stage.waits.pause(durationMs(action.freezes, stage.options.timers)));
    } finally {
      control.unfreeze();
    }
    stage.record({ kind: 'subject', event: 'continued', signal: 'SIGCONT' });
    recordFault(stage, place, 'freeze', fired, aimedPacket(action));
    return true;
  },
});
