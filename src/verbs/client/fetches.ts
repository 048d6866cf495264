import { Type } from '@sinclair/typebox';
import { recordExpectation } from '../../play/step-outcome.js';
import { defineClientVerb, nobody, noLabels, nothing, nothingNew, noWait } from '../define.js';

export const fetches = defineClientVerb({
  name: 'fetches',
  example: 'fetches: description',
  fields: { fetches: Type.Literal('description') },
  does: 'Reads the description at /.well-known/im-ran: one that is served must be valid against its schema (IM-1-19).',
  defines: nothingNew,
  uses: noLabels,
  clients: nobody,
  waitMs: noWait,
  needs: nothing,
  fills: [],
  verbatim: [],
  perform: (stage, _actor, _action, place) => {
    const { served } = stage.options;
    if (!served) return true;
    return recordExpectation(stage, place, {
      requirement: 'IM-1-19',
      expected: 'the served description is valid against its schema',
      seen: served.faults[0] ?? 'it is valid',
      met: served.faults.length === 0,
      miss: 'observed',
      waitedMs: 0,
    });
  },
});
