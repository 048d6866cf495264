import { Type } from '@sinclair/typebox';
import { millis } from '../../../schemas/script-values.js';
import { recordFault } from '../../play/step-outcome.js';
import { kill } from '../../play/subject-control.js';
import { defineSubjectVerb, nothingNew } from '../define.js';
import { aimedClients, aimedLabels, aimedPacket, awaitTrigger, before, isInTime, when } from './aim.js';
import { awaitAllClosed, exactPause, needsNode, node, nodeOf, service, targetOf } from './ending.js';

export const crashes = defineSubjectVerb({
  name: 'crashes',
  example: 'crashes: true',
  fields: { crashes: Type.Literal(true), when, before, node, service, afterMs: Type.Optional(millis) },
  does: 'SIGKILL to the process group; done when all sockets have closed and the port refuses. Of a service: when it has ended.',
  defines: nothingNew,
  uses: aimedLabels,
  clients: aimedClients,
  waitMs: ({ afterMs }) => Number(afterMs ?? 0),
  needs: needsNode('kill', 'start'),
  fills: [],
  verbatim: [],
  perform: async (stage, action, place) => {
    if (!(await awaitTrigger(stage, action.when, place))) return false;
    if (action.afterMs !== undefined) await stage.mustWait(exactPause(stage, Number(action.afterMs)));
    const fired = isInTime(stage, action);
    const target = targetOf(action);
    await kill(stage, target);
    if (target.service === undefined) await stage.mustWait(awaitAllClosed(stage, target.node));
    recordFault(stage, place, 'crash', fired, { ...aimedPacket(action), ...nodeOf(target) });
    return true;
  },
});
