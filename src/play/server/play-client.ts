import { durationMs, type Scenario, type Step, verbNamed } from '../../script/index.js';
import { recordUnreached } from '../step-outcome.js';
import { SUBJECT_NAME } from './server-link.js';
import type { ServerStage } from './server-stage.js';
import { settleClient } from './settle-client.js';
import type { ClientRoleVocabulary } from './verb.js';

const SETUP = { path: 'setup', text: 'the bot starts and says hello' };

const playStep = async (stage: ServerStage, step: Step, vocabulary: ClientRoleVocabulary): Promise<boolean> => {
  switch (step.kind) {
    case 'server':
      return verbNamed(vocabulary.server, step.action.verb).perform(stage, step.action, step);
    case 'subject':
      return verbNamed(vocabulary.subject, step.action.verb).perform(stage, step.action, step);
    case 'together': {
      const outcomes = await Promise.all(step.steps.map((one) => playStep(stage, one, vocabulary)));
      return outcomes.every((met) => met);
    }
    case 'waits':
      await stage.mustWait(stage.waits.pause(durationMs(step.duration, stage.options.timers)));
      return true;
    case 'client':
      return true;
  }
};

/**
 * Plays one scenario for a client: starts its bot, follows the script until a step is missed, settles, and ends the
 * bot. What it means is for the judges. Throws KitError for the kit's own faults and Interrupted.
 */
export const playClient = async (
  stage: ServerStage,
  scenario: Scenario,
  vocabulary: ClientRoleVocabulary,
): Promise<void> => {
  const { host, user, device, stalledMs } = stage.options;
  stage.record({ kind: 'client', client: SUBJECT_NAME, user, device });
  try {
    await host.listen((upgrade) => stage.upgrades.take(upgrade));
    if (!(await stage.startBot())) {
      recordUnreached(stage, SETUP, 'a hello of the bot', stage.words.whyNone);
      return;
    }
    for (const step of scenario.steps) {
      stage.throwIfFailed();
      stage.arrivals.nextStep();
      if (!(await playStep(stage, step, vocabulary))) break;
    }
    stage.throwIfFailed();
    await settleClient(stage, scenario);
    stage.throwIfFailed();
  } finally {
    stage.server.stop();
    stage.newest?.end('abruptly');
    stage.record({ kind: 'end', ...(stalledMs === undefined ? {} : { stalledMs: stalledMs() }) });
  }
};
