import type { ServerAction } from '../../../schemas/index.js';
import type { Stage } from '../../play/stage.js';
import { recordExpectation, recordUnreached, type StepPlace } from '../../play/step-outcome.js';

type Look<V extends ServerAction['verb']> = (
  stage: Stage,
  action: Extract<ServerAction, { verb: V }>,
  place: StepPlace,
) => Promise<boolean>;

/** Reads the metrics page into the history. What it should have said is for the judges. */
export const scrapes: Look<'scrapes'> = async (stage, _action, place) => {
  const { sights, timers } = stage.options;
  if (!sights) return recordUnreached(stage, place, 'the metrics page can be read', 'this run cannot read pages');
  const askedAt = stage.now();
  const page = await sights.metrics(stage.bound(timers.answerWithinMs));
  stage.record({ kind: 'metrics', askedAt, ...page });
  return true;
};

const mib = (bytes: number): string => `${(bytes / 1_048_576).toFixed(1)} MiB`;

/** What a server needs to take the messages in is no fault; what it needs beyond that for a client that does not read is. */
export const marksMemory: Look<'marksMemory'> = async (stage, _action, place) =>
  stage.memory?.mark() === true || recordUnreached(stage, place, 'the memory of the server can be read', 'it cannot');

export const memoryStays: Look<'memoryStays'> = async (stage, { memoryStays: { below }, by }, place) => {
  const over = stage.memory?.mostOverMark();
  if (over === undefined) return recordUnreached(stage, place, 'the memory of the server can be read', 'it cannot');
  return recordExpectation(stage, place, {
    requirement: by,
    expected: `the server holds at most ${mib(below)} more than it did at its most before`,
    seen: `${mib(over)} more at its peak`,
    met: over < below,
    waitedMs: 0,
  });
};
