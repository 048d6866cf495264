import { expandLabels } from '../../../script/index.js';
import { defineVerb } from '../define.js';
import { aim, aimedPacket, aimFault } from './faults.js';

export const drops = defineVerb({
  name: 'drops',
  example: 'drops: msg:A',
  fields: { drops: aimedPacket, ...aim },
  does: 'Such a packet is lost: one of the client is not heard, one of the server is not written.',
  uses: ({ of }) => expandLabels(of),
  perform: (stage, action, place) => aimFault(stage, place, action.drops, action, 'drop', { do: 'drop' }),
});
