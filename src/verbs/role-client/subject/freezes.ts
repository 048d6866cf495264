import { duration } from '../../../../schemas/script-values.js';
import { recordFault } from '../../../play/step-outcome.js';
import { durationMs } from '../../../script/index.js';
import { defineVerb } from '../define.js';

export const freezes = defineVerb({
  name: 'freezes',
  example: 'freezes: 1.5 x deadAfterMs',
  fields: { freezes: duration },
  does: 'SIGSTOP to the bot, that long, then SIGCONT.',
  needs: () => ({ control: true }),
  waitMs: (action, timers) => durationMs(action.freezes, timers),
  perform: async (stage, action, place) => {
    const { host, timers } = stage.options;
    host.freeze();
    stage.record({ kind: 'subject', event: 'frozen', signal: 'SIGSTOP' });
    try {
      await stage.mustWait(stage.waits.pause(durationMs(action.freezes, timers)));
    } finally {
      host.unfreeze();
    }
    stage.record({ kind: 'subject', event: 'continued', signal: 'SIGCONT' });
    recordFault(stage, place, 'freeze', true);
    return true;
  },
});
