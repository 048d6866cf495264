import { Type } from '@sinclair/typebox';
import { recordUnreached } from '../../play/step-outcome.js';
import { defineSubjectVerb, nobody, noLabels, nothingNew, noWait } from '../define.js';

/** What a server needs to take the messages in is no fault; what it needs beyond that for a client that does not read is. */
export const marksMemory = defineSubjectVerb({
  name: 'marksMemory',
  example: 'marksMemory: true',
  fields: { marksMemory: Type.Literal(true) },
  does: 'What the process group has held at its most until now is what memoryStays compares with.',
  defines: nothingNew,
  uses: noLabels,
  clients: nobody,
  waitMs: noWait,
  needs: () => ({ memory: true }),
  fills: [],
  verbatim: [],
  perform: async (stage, _action, place) =>
    stage.memory?.mark() === true || recordUnreached(stage, place, 'the memory of the server can be read', 'it cannot'),
});
