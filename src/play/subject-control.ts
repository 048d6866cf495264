import { defined } from '../defined.js';
import { KitError } from '../errors.js';
import type { Control, NodeControl } from './ports.js';
import type { Stage } from './stage.js';

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

/** The control of one node of the subject, or of all. */
export const controlOfNode = (stage: Stage, node: number | undefined): NodeControl => {
  const control = controlOf(stage);
  if (node === undefined) return control;
  const one = control.nodes?.[node - 1];
  if (!one) throw new KitError('kit', `a scenario wants node ${node}, which is not there`, 'Please report this.');
  return one;
};

/** Starts the subject again after a crash or a stop. */
export const restart = async (stage: Stage, node?: number): Promise<void> => {
  await stage.mustWait(controlOfNode(stage, node).start());
  if (node === undefined) stage.subjectUp = true;
  else stage.nodeFaults.ended(node);
  stage.record({ kind: 'subject', event: 'started', ...defined({ node }) });
};

/** Kills the subject. Whoever asked it to stop before has not waited for that. */
export const kill = async (stage: Stage, node?: number): Promise<void> => {
  const at = defined({ node });
  if (node === undefined) {
    stage.subjectUp = false;
    stage.stopBegun = false;
  } else {
    stage.nodeFaults.began(node);
  }
  stage.record({ kind: 'subject', event: 'killing', signal: 'SIGKILL', ...at });
  await stage.mustWait(controlOfNode(stage, node).kill());
  stage.record({ kind: 'subject', event: 'killed', signal: 'SIGKILL', ...at });
};

/** Lets a frozen subject, or one node of it, go on. */
export const thaw = (stage: Stage, node: number | undefined): void => {
  controlOfNode(stage, node).unfreeze();
  stage.nodeFaults.frozen.delete(node);
  if (node !== undefined) stage.nodeFaults.passed();
  stage.record({ kind: 'subject', event: 'continued', signal: 'SIGCONT', ...defined({ node }) });
};
