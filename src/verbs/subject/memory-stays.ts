import { Type } from '@sinclair/typebox';
import { closed, requirement } from '../../../schemas/script-values.js';
import { recordExpectation, recordUnreached } from '../../play/step-outcome.js';
import { defineSubjectVerb, nobody, noLabels, nothingNew, noWait } from '../define.js';

const mib = (bytes: number): string => `${(bytes / 1_048_576).toFixed(1)} MiB`;

export const memoryStays = defineSubjectVerb({
  name: 'memoryStays',
  example: 'memoryStays: { below: 67108864 }',
  fields: {
    memoryStays: Type.Object(
      { below: Type.Integer({ minimum: 1_048_576, description: 'Bytes over what it held at the mark.' }) },
      closed,
    ),
    by: requirement,
  },
  does: 'The most resident memory that the process group has held since marksMemory must be below that.',
  defines: nothingNew,
  uses: noLabels,
  clients: nobody,
  waitMs: noWait,
  needs: () => ({ memory: true }),
  fills: [],
  verbatim: [],
  perform: async (stage, { memoryStays: { below }, by }, place) => {
    const over = stage.memory?.mostOverMark();
    if (over === undefined) return recordUnreached(stage, place, 'the memory of the server can be read', 'it cannot');
    return recordExpectation(stage, place, {
      requirement: by,
      expected: `the server holds at most ${mib(below)} more than it did at its most before`,
      seen: `${mib(over)} more at its peak`,
      met: over < below,
      miss: 'observed',
      waitedMs: 0,
    });
  },
});
