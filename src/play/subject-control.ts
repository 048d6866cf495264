import { KitError } from '../errors.js';
import type { Control } from './ports.js';
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

/** Starts the subject again after a crash or a stop. */
export const restart = async (stage: Stage): Promise<void> => {
  await stage.mustWait(controlOf(stage).start());
  stage.subjectUp = true;
  stage.record({ kind: 'subject', event: 'started' });
};

/** Kills the subject. Whoever asked it to stop before has not waited for that. */
export const kill = async (stage: Stage): Promise<void> => {
  stage.subjectUp = false;
  stage.stopBegun = false;
  stage.record({ kind: 'subject', event: 'killing', signal: 'SIGKILL' });
  await stage.mustWait(controlOf(stage).kill());
  stage.record({ kind: 'subject', event: 'killed', signal: 'SIGKILL' });
};
