import { defined } from '../defined.js';
import { KitError } from '../errors.js';
import type { Target } from './node-faults.js';
import type { Control, NodeControl, ServiceControl } from './ports.js';
import type { Stage } from './stage.js';
import { recordFault } from './step-outcome.js';
import type { Untimed } from './untimed.js';

/** The control of the process under test. A scenario that needs it is never played without. */
export const controlOf = (stage: Stage): Control => {
  const { control } = stage.options;
  if (!control)
    throw new KitError(
      'kit',
      'a scenario that kills ran on a subject that the kit did not start',
      'Please report this.',
    );
  return control;
};

/** The control of one node of the subject. */
export const controlOfNode = (stage: Stage, node: number): NodeControl => {
  const one = controlOf(stage).nodes?.[node - 1];
  if (!one) throw new KitError('kit', `a scenario wants node ${node}, which is not there`, 'Please report this.');
  return one;
};

/** The control of a node, of a service, or of all nodes. */
export const controlOfTarget = (stage: Stage, { node, service }: Target): ServiceControl => {
  if (service === undefined) return node === undefined ? controlOf(stage) : controlOfNode(stage, node);
  const one = controlOf(stage).services?.[service - 1];
  if (!one) throw new KitError('kit', `a scenario wants service ${service}, which is not there`, 'Please report this.');
  return one;
};

const isAll = ({ node, service }: Target): boolean => node === undefined && service === undefined;

/** Starts the subject again after a crash or a stop; `empty`: a node with an empty disk. */
export const restart = async (stage: Stage, target: Target = {}, empty = false): Promise<void> => {
  const at = defined({ ...target });
  const { node } = target;
  if (empty && node !== undefined) await controlOfNode(stage, node).forget();
  if (!isAll(target)) {
    if (node !== undefined) await stage.mustWait(controlOfNode(stage, node).bring?.() ?? Promise.resolve());
    // What the start of a node does to the others begins before it serves.
    stage.nodeFaults.passed();
    stage.record({ kind: 'subject', event: 'starting', ...at });
  }
  await stage.mustWait(controlOfTarget(stage, target).start());
  if (isAll(target)) stage.subjectUp = true;
  else stage.nodeFaults.ended(target);
  stage.record({ kind: 'subject', event: 'started', ...at });
};

/** Kills the subject. Whoever asked it to stop before has not waited for that. */
export const kill = async (stage: Stage, target: Target = {}): Promise<void> => {
  const at = defined({ ...target });
  if (isAll(target)) {
    stage.subjectUp = false;
    stage.stopBegun = false;
  } else {
    stage.nodeFaults.began(target);
  }
  const killing = { kind: 'subject', event: 'killing', signal: 'SIGKILL', ...at } as const;
  stage.record(killing);
  await stage.mustWait(controlOfTarget(stage, target).kill());
  noteSlowFault(stage, target, killing);
  stage.record({ kind: 'subject', event: 'killed', signal: 'SIGKILL', ...at });
};

/**
 * The same event once more, when the command of a user has ended: it struck at some moment since the first one, and the
 * time that a fault excuses must not begin before it did.
 */
export const noteSlowFault = (stage: Stage, { node }: Target, event: Untimed): void => {
  if (node === undefined || controlOfNode(stage, node).bring === undefined) return;
  stage.nodeFaults.passed();
  // A copy: what is recorded gets its own time.
  stage.record({ ...event });
};

/** Lets a frozen subject, one node of it, or a service go on. */
export const thaw = async (stage: Stage, target: Target): Promise<void> => {
  await stage.mustWait(controlOfTarget(stage, target).unfreeze());
  stage.nodeFaults.thawed(target);
  if (!isAll(target)) stage.nodeFaults.passed();
  stage.record({ kind: 'subject', event: 'continued', signal: 'SIGCONT', ...defined({ ...target }) });
};

/** Makes the links of a node whole again, and tells whether the fault has fired. Nothing happens where they are. */
export const heal = async (stage: Stage, node: number): Promise<void> => {
  const outcome = await stage.linkFaults.end(node);
  if (outcome === undefined) return;
  const { kind, step, fired, detail } = outcome;
  stage.nodeFaults.passed();
  stage.record({ kind: 'subject', event: 'healed', node });
  recordFault(stage, { path: step, text: '' }, kind, fired, { node, detail });
};
