import { Type } from '@sinclair/typebox';
import { recordUnreached } from '../../play/step-outcome.js';
import { defineSubjectVerb, nobody, noLabels, nothing, nothingNew, noWait } from '../define.js';

export const scrapes = defineSubjectVerb({
  name: 'scrapes',
  example: 'scrapes: true',
  fields: { scrapes: Type.Literal(true) },
  does: 'Reads the metrics page that the server declares, of each of its nodes: the judges compare it with what the kit counted. A page may lag, so write `waits: 1.2 x answerWithinMs` before it.',
  defines: nothingNew,
  uses: noLabels,
  clients: nobody,
  waitMs: noWait,
  needs: nothing,
  fills: [],
  verbatim: [],
  perform: async (stage, _action, place) => {
    const { probes, timers } = stage.options;
    if (!probes) return recordUnreached(stage, place, 'the metrics page can be read', 'this run cannot read pages');
    const askedAt = stage.now();
    const pages = await probes.metrics(stage.bound(timers.answerWithinMs));
    const count = pages.length;
    for (const [index, page] of pages.entries()) {
      stage.record({ kind: 'metrics', askedAt, ...page, ...(count === 1 ? {} : { node: index + 1, of: count }) });
    }
    return true;
  },
});
