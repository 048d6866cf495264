import { duration } from '../../../../schemas/script-values.js';
import { durationMs, expandLabels } from '../../../script/index.js';
import { defineVerb } from '../define.js';
import { aim, aimedPacket, aimFault } from './faults.js';

export const delays = defineVerb({
  name: 'delays',
  example: 'delays: msg:A',
  fields: { delays: aimedPacket, ...aim, forMs: duration },
  does: 'Such a packet comes that much later.',
  uses: ({ of }) => expandLabels(of),
  waitMs: ({ forMs }, timers) => durationMs(forMs, timers),
  perform: (stage, action, place) => {
    const ms = durationMs(action.forMs, stage.options.timers);
    return aimFault(stage, place, action.delays, action, 'delay', { do: 'delay', ms });
  },
});
