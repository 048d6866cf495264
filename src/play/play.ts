import { defined } from '../defined.js';
import { KitError } from '../errors.js';
import { type ClientSpec, durationMs, fillLimits, type Scenario, type Step, verbNamed } from '../script/index.js';
import { Bystanders } from './clients/bystanders.js';
import { awaitDues } from './dues.js';
import { MemoryWatch } from './memory-watch.js';
import { settle } from './settle.js';
import type { Stage } from './stage.js';
import { recordFault, recordNotConnected } from './step-outcome.js';
import type { PlayedVocabulary } from './verb.js';

const SETUP = { path: 'setup', text: 'the clients of the script connect' };

const addActors = (stage: Stage, clients: readonly ClientSpec[]): void => {
  for (const client of clients) stage.addActor(client);
};

/**
 * Every user of the script exists: it has connected once. Those that are away go first, so that the server has seen
 * them leave by the time the others are connected.
 */
const connectAll = async (stage: Stage, clients: readonly ClientSpec[]): Promise<boolean> => {
  const actorOf = (name: string) => {
    const actor = stage.actors.get(name);
    if (!actor) throw new KitError('kit', `client "${name}" has no actor`, 'Please report this.');
    return actor;
  };
  const named = new Set(clients.filter(({ node }) => node !== undefined).map(({ name }) => name));
  const boundMs = stage.bound(stage.options.timers.answerWithinMs);
  for (const start of ['away', 'present'] as const) {
    for (const { name } of clients.filter((client) => client.start === start)) {
      const actor = actorOf(name);
      const outcome = await actor.connect({ pinned: named.has(name) });
      if (!outcome.ok) return recordNotConnected(stage, SETUP, name, outcome);
      if (start === 'present') continue;
      actor.link?.end('cleanly');
      const closed = await stage.waits.until(() => actor.link?.state === 'closed', boundMs);
      if (!closed) actor.link?.end('abruptly');
    }
    if (start === 'away' && clients.some((client) => client.start === 'away')) {
      await stage.waits.pause(stage.options.timers.answerWithinMs / 20 + stage.roundTripMs);
    }
  }
  return true;
};

const playStep = async (stage: Stage, step: Step, vocabulary: PlayedVocabulary): Promise<boolean> => {
  switch (step.kind) {
    case 'client': {
      const actor = stage.actors.get(step.client);
      if (!actor) throw new KitError('kit', `client "${step.client}" has no actor`, 'Please report this.');
      const action = fillLimits(step.action, stage.options.description);
      return verbNamed(vocabulary.client, action.verb).perform(stage, actor, action, step);
    }
    case 'subject': {
      const action = fillLimits(step.action, stage.options.description);
      return verbNamed(vocabulary.subject, action.verb).perform(stage, action, step);
    }
    // Only for a client under test is there a server of the kit.
    case 'server':
      return true;
    case 'together': {
      const outcomes = await Promise.all(step.steps.map((one) => playStep(stage, one, vocabulary)));
      return outcomes.every((met) => met);
    }
    case 'waits':
      await stage.mustWait(stage.waits.pause(durationMs(step.duration, stage.options.timers)));
      return true;
  }
};

/** Whether every step was met. */
const playScript = async (stage: Stage, steps: readonly Step[], vocabulary: PlayedVocabulary): Promise<boolean> => {
  for (const step of steps) {
    stage.waits.throwIfInterrupted();
    if (!(await playStep(stage, step, vocabulary)) || stage.cannotGoOn) return false;
  }
  return true;
};

/**
 * Plays one scenario on a stage: connects, follows the script until a step is missed, settles, and leaves. What it
 * means is for the judges. Throws KitError for the kit's own faults and Interrupted when the run is interrupted.
 */
export const play = async (stage: Stage, scenario: Scenario, vocabulary: PlayedVocabulary): Promise<void> => {
  addActors(stage, scenario.clients);
  // Where abuse is the subject, what the innocent users notice of it is judged as such.
  stage.bystanders.abused = scenario.class === 'secured';
  const bystanders = scenario.bystanders ? new Bystanders(stage) : undefined;
  try {
    const ready = (!bystanders || (await bystanders.connect())) && (await connectAll(stage, scenario.clients));
    if (ready) {
      const { memory } = stage.options.probes ?? {};
      if (scenario.needs.memory && memory) stage.memory = new MemoryWatch(memory);
      bystanders?.start();
      const met = await playScript(stage, scenario.steps, vocabulary);
      await bystanders?.stop();
      if (met) await awaitDues(stage);
      await settle(stage, scenario);
    }
    for (const { step, offsetMs, seen } of stage.clock.jumps) {
      recordFault(stage, { path: step, text: '' }, 'clock', seen, { detail: offsetMs === 0 ? 'set right' : 'jump' });
    }
  } finally {
    stage.memory?.stop();
    for (const actor of stage.actors.values()) {
      actor.old?.end('abruptly');
      actor.link?.end('abruptly');
    }
    const { stalledMs, network } = stage.options;
    const networkStalledMs = network?.stalledMs(stage.startedAt);
    stage.record({ kind: 'end', ...defined({ stalledMs: stalledMs?.(), networkStalledMs }) });
  }
};
