import { Type } from '@sinclair/typebox';
import { expandLabels } from '../../../script/index.js';
import { defineVerb } from '../define.js';
import { aim, aimFault } from './faults.js';

export const doubles = defineVerb({
  name: 'doubles',
  example: 'doubles: msg:N',
  fields: {
    doubles: Type.Union((['msg:A', 'msg:N', 'ack:A', 'ack:N'] as const).map((one) => Type.Literal(one))),
    ...aim,
    together: Type.Optional(Type.Literal(true, { description: 'Both in one write to the network.' })),
  },
  does: 'Such a packet is written twice.',
  uses: ({ of }) => expandLabels(of),
  perform: (stage, action, place) => {
    const act = { do: 'double', together: action.together === true } as const;
    return aimFault(stage, place, action.doubles, action, 'duplicate', act);
  },
});
