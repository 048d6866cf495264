import { Type } from '@sinclair/typebox';
import { duration } from '../../../schemas/script-values.js';
import type { Control } from '../../play/ports.js';
import type { Stage } from '../../play/stage.js';
import { recordFault } from '../../play/step-outcome.js';
import { controlOfTarget, noteSlowFault } from '../../play/subject-control.js';
import { durationMs } from '../../script/index.js';
import { defineSubjectVerb, nothingNew } from '../define.js';
import { aimedClients, aimedLabels, aimedPacket, awaitTrigger, before, isInTime, when } from './aim.js';
import { needsNode, node, nodeOf, service, targetOf } from './ending.js';

/** A busy system stops a process a little later than it was told to. */
const STOPS_WITHIN_MS = 100;

/** Whether what was frozen stands still, as the system shows it; where it shows nothing, the signal must do. */
const standsStill = async (stage: Stage, control: Pick<Control, 'isFrozen'>): Promise<boolean> => {
  const until = performance.now() + STOPS_WITHIN_MS;
  while (control.isFrozen() === false) {
    if (performance.now() > until) return false;
    await stage.waits.pause(10);
  }
  return true;
};

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
  does: 'SIGSTOP, that long, then SIGCONT. It has fired if the system shows that every process stood still.',
  defines: nothingNew,
  uses: aimedLabels,
  clients: aimedClients,
  waitMs: (action, timers) => durationMs(action.freezes, timers),
  needs: needsNode('freeze', 'thaw'),
  fills: [],
  verbatim: [],
  perform: async (stage, action, place) => {
    if (!(await awaitTrigger(stage, action.when, place))) return false;
    const inTime = isInTime(stage, action);
    const at = targetOf(action);
    const isOne = at.node !== undefined || at.service !== undefined;
    const control = controlOfTarget(stage, at);
    if (isOne) stage.nodeFaults.passed();
    const frozen = { kind: 'subject', event: 'frozen', signal: 'SIGSTOP', ...at } as const;
    stage.record(frozen);
    await stage.mustWait(control.freeze());
    noteSlowFault(stage, at, frozen);
    let fired = inTime;
    try {
      await stage.mustWait(stage.waits.pause(durationMs(action.freezes, stage.options.timers)));
      fired &&= await standsStill(stage, control);
    } finally {
      if (action.staysSo !== true) await stage.mustWait(control.unfreeze());
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
