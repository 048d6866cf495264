import { Type } from '@sinclair/typebox';
import { millis } from '../../../schemas/script-values.js';
import { KitError } from '../../errors.js';
import { recordFault } from '../../play/step-outcome.js';
import { controlOf, controlOfNode } from '../../play/subject-control.js';
import { defineSubjectVerb, nothingNew } from '../define.js';
import { aimedClients, aimedLabels, awaitTrigger, when } from './aim.js';
import { awaitAllClosed, exactPause, needsNode, node, nodeOf, noteDown } from './ending.js';

export const stops = defineSubjectVerb({
  name: 'stops',
  example: 'stops: true',
  fields: {
    stops: Type.Literal(true),
    node,
    when,
    afterMs: Type.Optional(millis),
    waits: Type.Optional(
      Type.Literal(false, {
        description: 'The script goes on at once, while the process stops; `crashes` ends what is left of it.',
      }),
    ),
  },
  does: 'SIGTERM; done when the process has ended.',
  defines: nothingNew,
  uses: aimedLabels,
  clients: aimedClients,
  waitMs: ({ afterMs }) => Number(afterMs ?? 0),
  needs: needsNode('stop', 'start'),
  fills: [],
  verbatim: [],
  perform: async (stage, action, place) => {
    if (!(await awaitTrigger(stage, action.when, place))) return false;
    if (action.afterMs !== undefined) await stage.mustWait(exactPause(stage, Number(action.afterMs)));
    const at = nodeOf(action);
    stage.record({ kind: 'subject', event: 'stopping', signal: 'SIGTERM', ...at });
    noteDown(stage, at.node);
    if (action.waits === false) {
      if (at.node !== undefined)
        throw new KitError('usage', 'stops: `waits: false` and `node` exclude each other', 'Leave one of them out.');
      controlOf(stage).beginStop();
      stage.stopBegun = true;
      recordFault(stage, place, 'stop', true);
      return true;
    }
    await stage.mustWait((at.node === undefined ? controlOf(stage) : controlOfNode(stage, at.node)).stop());
    stage.record({ kind: 'subject', event: 'stopped', signal: 'SIGTERM', ...at });
    await stage.mustWait(awaitAllClosed(stage, at.node));
    recordFault(stage, place, 'stop', true, at);
    return true;
  },
});
