import { Type } from '@sinclair/typebox';
import { duration } from '../../../schemas/script-values.js';
import { recordFault } from '../../play/step-outcome.js';
import { controlOfTarget } from '../../play/subject-control.js';
import { durationMs } from '../../script/index.js';
import { defineSubjectVerb, nothingNew } from '../define.js';
import { aimedClients, aimedLabels, aimedPacket, awaitTrigger, before, isInTime, when } from './aim.js';
import { needsNode, node, nodeOf, service, targetOf } from './ending.js';

export const freezes = defineSubjectVerb({
  name: 'freezes',
  example: 'freezes: 1.5 x deadAfterMs',
  fields: {
    freezes: duration,
    when,
    before,
    node,
    service,
    staysSo: Type.Optional(
      Type.Literal(true, {
        description: 'The script goes on after that time while the process is frozen, until `thaws`.',
      }),
    ),
  },
  does: 'SIGSTOP, that long, then SIGCONT.',
  defines: nothingNew,
  uses: aimedLabels,
  clients: aimedClients,
  waitMs: (action, timers) => durationMs(action.freezes, timers),
  needs: needsNode,
  fills: [],
  verbatim: [],
  perform: async (stage, action, place) => {
    if (!(await awaitTrigger(stage, action.when, place))) return false;
    const fired = isInTime(stage, action);
    const at = targetOf(action);
    const isOne = at.node !== undefined || at.service !== undefined;
    const control = controlOfTarget(stage, at);
    control.freeze();
    if (isOne) stage.nodeFaults.passed();
    stage.record({ kind: 'subject', event: 'frozen', signal: 'SIGSTOP', ...at });
    try {
      await stage.mustWait(stage.waits.pause(durationMs(action.freezes, stage.options.timers)));
    } finally {
      if (action.staysSo !== true) control.unfreeze();
    }
    if (action.staysSo === true) {
      stage.nodeFaults.froze(at);
      recordFault(stage, place, 'freeze', fired, { ...aimedPacket(action), ...nodeOf(at) });
      return true;
    }
    if (isOne) stage.nodeFaults.passed();
    stage.record({ kind: 'subject', event: 'continued', signal: 'SIGCONT', ...at });
    recordFault(stage, place, 'freeze', fired, { ...aimedPacket(action), ...nodeOf(at) });
    return true;
  },
});
