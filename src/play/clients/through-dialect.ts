import type { RestsOn } from '../../../schemas/index.js';
import type { Stage } from '../stage.js';
import { recordSkipped, type StepPlace } from '../step-outcome.js';
import type { Pattern } from './expectation.js';

const PACKETS: ReadonlySet<string> = new Set(['msg:A', 'msg:N', 'ack:A', 'ack:N', 'ack:R']);

/** Receipts that a protocol may have one by one. */
const RECEIPTS: ReadonlySet<string> = new Set(['stored', 'delivered', 'expired']);

/** What of a packet a step needs beside the packet itself, and cannot do without: the script takes another way then. */
const contentOf = ({ what, statuses = [], error, codes = [] }: Pattern): RestsOn[] => {
  // Any receipt: which one it is decides what the script does next, so the protocol must have each.
  if (what === 'ack:N' && statuses.length === 0) return ['ack:N.stored', 'ack:N.delivered'];
  if (what === 'close') return codes.includes(4409) ? ['close.4409'] : codes.includes(1001) ? ['close.1001'] : [];
  if (!statuses.every((status) => status === 'rejected') || statuses.length === 0) return [];
  if (what === 'ack:A') return ['ack:A.rejected'];
  if (error === 'id-conflict' || error === 'inbox-full') return [`msg:A.${error}`];
  return what === 'msg:A' ? ['msg:A.rejected'] : [];
};

/** Why a pattern waits for a packet that the foreign protocol does not have at all. */
const absenceOf = (stage: Stage, { what, statuses = [] }: Pattern): string | undefined => {
  if (!PACKETS.has(what)) return undefined;
  const lacking = stage.whyLacking(what as RestsOn);
  if (lacking !== undefined || what !== 'ack:N') return lacking;
  const receipts = statuses.filter((status) => RECEIPTS.has(status)).map((status) => `ack:N.${status}` as RestsOn);
  if (receipts.length === 0 || receipts.some((one) => stage.has(one))) return undefined;
  return stage.whyLacking(receipts[0] as RestsOn);
};

/**
 * What follows a receipt in a script comes at least after the answer. Nothing is judged by this wait: an answer that never
 * comes is a finding of its own.
 */
const untilAnswered = async (stage: Stage, labels: readonly string[]): Promise<void> => {
  const answered = () => labels.every((label) => stage.messages.find(label)?.answer !== undefined);
  await stage.waits.until(answered, stage.bound(stage.options.timers.answerWithinMs));
};

/**
 * Whether a step has to be played otherwise, because the subject speaks another protocol: `true`, it is skipped;
 * `false`, the script ends here; undefined, it is played.
 */
export const playedThroughDialect = async (
  stage: Stage,
  place: StepPlace & { client?: string },
  pattern: Pattern,
  labels: readonly string[],
): Promise<boolean | undefined> => {
  const absent = absenceOf(stage, pattern);
  if (absent !== undefined) {
    if (pattern.what === 'ack:N') await untilAnswered(stage, labels);
    return recordSkipped(stage, place, absent);
  }
  const why = contentOf(pattern)
    .map((item) => stage.whyLacking(item))
    .find((reason) => reason !== undefined);
  if (why === undefined) return undefined;
  stage.record({ kind: 'cannot', client: place.client ?? '', packet: pattern.what, why });
  stage.cannotGoOn = true;
  return false;
};
