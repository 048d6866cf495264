import { duration } from '../../../../schemas/script-values.js';
import { recordFault } from '../../../play/step-outcome.js';
import { durationMs } from '../../../script/index.js';
import { defineVerb } from '../define.js';

export const goesAway = defineVerb({
  name: 'goesAway',
  example: 'goesAway: 2 x reconnectAfterMs',
  fields: { goesAway: duration },
  does: 'Cuts the connection and refuses every TCP connection for that long.',
  waitMs: (action, timers) => durationMs(action.goesAway, timers),
  perform: async (stage, action, place) => {
    const { host, timers } = stage.options;
    await host.stopListening();
    stage.link?.end('abruptly');
    stage.arrivals.dropConnections();
    await stage.mustWait(stage.waits.pause(durationMs(action.goesAway, timers)));
    await host.listen((upgrade) => stage.upgrades.take(upgrade));
    recordFault(stage, place, 'disconnect', true);
    return true;
  },
});
