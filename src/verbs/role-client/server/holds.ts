import { expandLabels } from '../../../script/index.js';
import { defineVerb } from '../define.js';
import { aim, aimedPacket, aimFault } from './faults.js';

export const holds = defineVerb({
  name: 'holds',
  example: 'holds: msg:A',
  fields: { holds: aimedPacket, ...aim },
  does: 'Such a packet is held back until `releases`.',
  uses: ({ of }) => expandLabels(of),
  perform: (stage, action, place) => aimFault(stage, place, action.holds, action, 'reorder', { do: 'hold' }),
});
