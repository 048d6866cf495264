import { Type } from '@sinclair/typebox';
import { expandLabels } from '../../../script/index.js';
import { defineVerb } from '../define.js';
import { aim, aimedPacket, aimFault, endHow, faultOfEnd } from './faults.js';

export const cuts = defineVerb({
  name: 'cuts',
  example: 'cuts: before',
  fields: {
    cuts: Type.Union([Type.Literal('before'), Type.Literal('after')]),
    packet: aimedPacket,
    ...aim,
    how: endHow,
  },
  does: 'The connection ends before such a packet, which is then lost, or after it. After a packet of the client: it counts, and its answer is lost.',
  uses: ({ of }) => expandLabels(of),
  perform: (stage, action, place) => {
    const { cuts: when, how } = action;
    return aimFault(stage, place, action.packet, action, faultOfEnd(how), { do: 'end', when, how });
  },
});
