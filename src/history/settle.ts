import { MAX_NUMBER } from './compact-store.js';
import type { Mark, Message, Variant } from './message.js';
import { newestOf } from './message.js';
import type { World } from './world.js';

/** The compact store keeps 32 bits of a time: a server whose clock jumps further keeps its messages as objects. */
const FOLDED_WITHIN_MS = 0x4000_0000;

/** Folds a message of which nothing is open any more; what is unusual about it keeps it as an object. */
export const settle = (world: World, message: Message): void => {
  if (!isSettled(world, message)) return;
  countOutcome(world, message);
  world.messages.fold(message);
};

const isSettled = (world: World, message: Message): boolean => {
  const { told, open, promisedLine, ackedBy, variants, handed, acceptedAt } = message;
  if (told === undefined || open > 0 || promisedLine < 0 || !message.hasSid || acceptedAt === undefined) return false;
  if (ackedBy.length !== 1 || variants.length !== 1 || handed.length !== 1 || message.spoiled) return false;
  const ack = ackedBy[0] as Mark;
  if ((variants[0] as Variant).wild || handed[0]?.device !== ack.device || handed[0].times !== 1) return false;
  if (!isNewest(ack) || !isNewest(told)) return false;
  if (message.tries.some((attempt) => attempt.raw)) return false;
  if (Math.abs(acceptedAt - (world.serverTime ?? acceptedAt)) > FOLDED_WITHIN_MS) return false;
  if (world.devicesApart !== undefined && !world.devicesApart.isDone(message)) return false;
  return Math.max(ack.device.number, told.device.number) <= MAX_NUMBER;
};

/** The compact store keeps of a connection only that it was the newest of its device. */
const isNewest = (mark: Mark): boolean => newestOf(mark.device, mark.openings) === mark.serial;

/** Counts, once a message, what it has shown by reaching its receiver. */
export const countOutcome = (world: World, message: Message): void => {
  if (message.counted || message.promisedLine < 0 || message.handed.length === 0 || message.acks.length === 0) return;
  message.counted = true;
  const { book } = world;
  book.exercise('IM-3-1');
  if (message.ackedBy.length > 0) book.exercise('IM-3-5');
  if (world.flow?.sawFull(message)) book.exercise('IM-4.2-54');
  const handedLine = message.handed[0]?.line ?? -1;
  for (const end of world.ends) {
    if (end.after < message.promisedLine || end.line > handedLine) continue;
    if (end.kind === 'killed') book.exercise('IM-3-2');
    else if (end.kind === 'stopped') book.exercise('IM-4.2-29');
  }
};
