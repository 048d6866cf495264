import type { Before, ServerAction, Trigger } from '../../schemas/index.js';
import { KitError } from '../errors.js';
import { connectionOf, describeMissed, missOf, PacketWait } from '../play/clients/await-packets.js';
import { labelsOfPacket } from '../play/clients/expectation.js';
import type { Control } from '../play/ports.js';
import type { Stage } from '../play/stage.js';
import { recordExpectation, recordFault, type StepPlace } from '../play/step-outcome.js';
import { durationMs } from '../script/durations.js';
import { expandLabels } from '../script/labels.js';
import { defaultRequirement } from './default-requirement.js';
import { marksMemory, memoryStays, scrapes } from './subject/looks.js';

const controlOf = (stage: Stage): Control => {
  const { control } = stage.options;
  if (!control)
    throw new KitError(
      'kit',
      'a scenario that kills ran on a subject that the kit did not start',
      'Please report this.',
    );
  return control;
};

/** Timers have a grain of a millisecond; a shorter delay is spent turning the event loop, so that sockets go on. */
const exactPause = async (stage: Stage, ms: number): Promise<void> => {
  const until = performance.now() + ms;
  if (ms >= 2) await stage.waits.pause(ms - 1);
  while (performance.now() < until) await new Promise((resolve) => setImmediate(resolve));
};

/** Waits for the moment at which the fault is aimed, without consuming the packets that mark it. */
const awaitTrigger = async (stage: Stage, trigger: Trigger | undefined, place: StepPlace): Promise<boolean> => {
  if (!trigger) return true;
  const actor = stage.actors.get(trigger.client);
  if (!actor)
    throw new KitError('usage', `the trigger names "${trigger.client}", which is no client`, 'Correct `when`.');
  const link = connectionOf(actor, undefined);
  const labels = trigger.of === undefined ? [] : expandLabels(trigger.of);
  const times = Number(trigger.count ?? 1);
  const boundMs = stage.bound(stage.options.timers.answerWithinMs);
  const pattern = { what: trigger.gets, ...(trigger.status === undefined ? {} : { statuses: [trigger.status] }) };
  const from = performance.now();
  const result = await new PacketWait(stage, actor, link, { pattern, labels, times, boundMs, peek: true }).run();
  if (result.met) return true;
  return recordExpectation(stage, place, {
    requirement: defaultRequirement(trigger.gets, trigger.status),
    expected: `${trigger.client} gets ${times} ${trigger.gets}, the moment for the fault`,
    seen: describeMissed(result, boundMs),
    met: false,
    waitedMs: performance.now() - from,
    ...missOf(result),
  });
};

type Befores = Before | Before[] | undefined;

const listOf = (before: Befores): Before[] => (before === undefined ? [] : Array.isArray(before) ? before : [before]);

/** Whether the packet that the fault shall precede is still to come. */
const isToCome = (stage: Stage, before: Before): boolean => {
  const actor = stage.actors.get(before.client);
  if (!actor)
    throw new KitError('usage', `\`before\` names "${before.client}", which is no client`, 'Correct the name.');
  const labels = before.of === undefined ? [] : expandLabels(before.of);
  const link = connectionOf(actor, undefined);
  return !link.inbox.some(
    (entry) =>
      entry.kind === 'packet' &&
      entry.packet.type === before.gets &&
      (before.status === undefined || ('status' in entry.packet && entry.packet.status === before.status)) &&
      (labels.length === 0 || labelsOfPacket(stage, actor, link, entry.packet).some((label) => labels.includes(label))),
  );
};

/** After the process ended every connection is gone; a paused socket does not notice by itself. */
const awaitAllClosed = async (stage: Stage): Promise<void> => {
  const links = [...stage.actors.values()]
    .flatMap((actor) => [actor.link, actor.old])
    .filter((link) => link !== undefined);
  for (const link of links) if (link.state === 'silent') link.end('reset');
  await stage.waits.until(() => links.every((link) => link.state === 'closed'), stage.bound(1000));
  for (const link of links) link.end('reset');
};

const packetOf = (when: Trigger | undefined, before: Befores) => {
  const [aim] = when ? [when] : listOf(before);
  return aim === undefined ? {} : { packet: aim.gets };
};

const crashes = async (stage: Stage, action: Extract<ServerAction, { verb: 'crashes' }>, place: StepPlace) => {
  if (!(await awaitTrigger(stage, action.when, place))) return false;
  if (action.afterMs !== undefined) await stage.mustWait(exactPause(stage, Number(action.afterMs)));
  const fired = listOf(action.before).every((before) => isToCome(stage, before));
  stage.subjectUp = false;
  stage.record({ kind: 'subject', event: 'killing', signal: 'SIGKILL' });
  await stage.mustWait(controlOf(stage).kill());
  stage.record({ kind: 'subject', event: 'killed', signal: 'SIGKILL' });
  await stage.mustWait(awaitAllClosed(stage));
  recordFault(stage, place, 'crash', fired, packetOf(action.when, action.before));
  return true;
};

const stops = async (stage: Stage, action: Extract<ServerAction, { verb: 'stops' }>, place: StepPlace) => {
  if (!(await awaitTrigger(stage, action.when, place))) return false;
  if (action.afterMs !== undefined) await stage.mustWait(exactPause(stage, Number(action.afterMs)));
  stage.record({ kind: 'subject', event: 'stopping', signal: 'SIGTERM' });
  stage.subjectUp = false;
  await stage.mustWait(controlOf(stage).stop());
  stage.record({ kind: 'subject', event: 'stopped', signal: 'SIGTERM' });
  await stage.mustWait(awaitAllClosed(stage));
  recordFault(stage, place, 'stop', true);
  return true;
};

/** Starts the subject again after a crash or a stop. */
export const restart = async (stage: Stage): Promise<void> => {
  await stage.mustWait(controlOf(stage).start());
  stage.subjectUp = true;
  stage.record({ kind: 'subject', event: 'started' });
};

const freezes = async (stage: Stage, action: Extract<ServerAction, { verb: 'freezes' }>, place: StepPlace) => {
  if (!(await awaitTrigger(stage, action.when, place))) return false;
  const fired = listOf(action.before).every((before) => isToCome(stage, before));
  const control = controlOf(stage);
  control.freeze();
  stage.record({ kind: 'subject', event: 'frozen', signal: 'SIGSTOP' });
  try {
    await stage.mustWait(stage.waits.pause(durationMs(action.freezes, stage.options.timers)));
  } finally {
    control.unfreeze();
  }
  stage.record({ kind: 'subject', event: 'continued', signal: 'SIGCONT' });
  recordFault(stage, place, 'freeze', fired, packetOf(action.when, action.before));
  return true;
};

/** Performs one step on the process under test. Resolves with false when the script cannot go on. */
export const performServerStep = async (stage: Stage, action: ServerAction, place: StepPlace): Promise<boolean> => {
  switch (action.verb) {
    case 'crashes':
      return crashes(stage, action, place);
    case 'stops':
      return stops(stage, action, place);
    case 'restarts':
      await restart(stage);
      return true;
    case 'freezes':
      return freezes(stage, action, place);
    case 'scrapes':
      return scrapes(stage, action, place);
    case 'marksMemory':
      return marksMemory(stage, action, place);
    case 'memoryStays':
      return memoryStays(stage, action, place);
    case 'jumps':
      controlOf(stage).jump(Number(action.jumps));
      stage.clock.jumped(place.path, Number(action.jumps));
      return true;
  }
};
