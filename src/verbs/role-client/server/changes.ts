import { Type } from '@sinclair/typebox';
import { expandLabels } from '../../../script/index.js';
import { defineVerb } from '../define.js';
import { aim, aimFault } from './faults.js';

export const changes = defineVerb({
  name: 'changes',
  example: 'changes: msg:A',
  fields: {
    changes: Type.Union((['msg:A', 'msg:N', 'ack:A', 'ack:N'] as const).map((one) => Type.Literal(one))),
    ...aim,
    fields: Type.Record(Type.String(), Type.Unknown(), { description: 'Members that it has beside its own.' }),
  },
  does: 'Such a packet carries further members.',
  uses: ({ of }) => expandLabels(of),
  verbatim: ['fields'],
  perform: (stage, action, place) =>
    aimFault(stage, place, action.changes, action, 'duplicate', { do: 'change', fields: action.fields }),
});
