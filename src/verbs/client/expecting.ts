import type { DurationSpec } from '../../../schemas/index.js';
import { type Awaited, connectionOf, describeMissed, missOf, PacketWait } from '../../play/clients/await-packets.js';
import {
  describePattern,
  describeReceived,
  labelsOfPacket,
  matches,
  patternOf,
} from '../../play/clients/expectation.js';
import type { Stage } from '../../play/stage.js';
import { recordExpectation, recordFault } from '../../play/step-outcome.js';
import { isTimed } from '../../script/declared-waits.js';
import { durationMs } from '../../script/durations.js';
import { expandLabels } from '../../script/labels.js';
import { defaultRequirement } from '../default-requirement.js';
import type { Perform } from './perform.js';

/** Until a timer of the subject has run out the kit can only wait; an answer it could have had at once. */
const waitFor = (stage: Stage, wait: PacketWait, within: DurationSpec | undefined): Promise<Awaited> =>
  within !== undefined && isTimed(within) ? stage.mustWait(wait.run()) : wait.run();

export const gets: Perform<'gets'> = async (stage, actor, action, place) => {
  const link = connectionOf(actor, action.connection);
  const labels = action.of === undefined ? [] : expandLabels(action.of);
  const pattern = patternOf(action);
  const { within = 'answerWithinMs', already = false } = action;
  const boundMs = already ? 0 : stage.bound(durationMs(within, stage.options.timers));
  const from = performance.now();
  const want = { pattern, labels, times: Number(action.times ?? 1), boundMs };
  const wait = new PacketWait(stage, actor, link, want, (entry) => {
    if (entry.kind === 'packet') actor.handOver(link, entry);
  });
  const result = await waitFor(stage, wait, action.within);
  const waitedMs = performance.now() - from;
  const detail = pattern.error ?? pattern.statuses?.[0] ?? pattern.codes?.[0]?.toString();
  const [message] = result.met ? labels : result.missing;
  return recordExpectation(stage, place, {
    requirement: action.by ?? defaultRequirement(pattern.what, detail),
    expected: `${actor.name} gets ${describePattern(pattern, labels)} ${already ? 'before this step' : `within ${Math.round(boundMs)} ms`}`,
    seen: result.met ? 'it came' : already ? 'nothing that matches until then' : describeMissed(result, boundMs),
    met: result.met,
    waitedMs,
    ...(already && !result.wrong ? { miss: 'nothing-came', late: result.closed === undefined } : missOf(result)),
    ...(message ? { message } : {}),
  });
};

export const drops: Perform<'drops'> = async (stage, actor, action, place) => {
  const link = connectionOf(actor, undefined);
  const labels = expandLabels(action.of);
  const pattern = { what: action.drops };
  const boundMs = stage.bound(durationMs(action.within ?? 'answerWithinMs', stage.options.timers));
  const from = performance.now();
  const wait = new PacketWait(stage, actor, link, { pattern, labels, times: Number(action.times ?? 1), boundMs });
  const result = await waitFor(stage, wait, action.within);
  recordFault(stage, place, 'drop', result.met, { client: actor.name, packet: action.drops });
  const [message] = result.met ? labels : result.missing;
  return recordExpectation(stage, place, {
    requirement: action.by ?? defaultRequirement(action.drops, undefined),
    expected: `${action.drops} of ${labels.join(', ')} reaches ${actor.name}, where it is lost`,
    seen: result.met ? 'it came and was thrown away' : describeMissed(result, boundMs),
    met: result.met,
    waitedMs: performance.now() - from,
    ...missOf(result),
    ...(message ? { message } : {}),
  });
};

export const getsNo: Perform<'getsNo'> = async (stage, actor, action, place) => {
  const link = connectionOf(actor, action.connection);
  const labels = action.of === undefined ? [] : expandLabels(action.of);
  const pattern = patternOf(action);
  const windowMs = stage.bound(durationMs(action.for, stage.options.timers));
  let cursor = action.further ? link.inbox.length : 0;
  let unwanted: string | undefined;
  const look = (): boolean => {
    for (; cursor < link.inbox.length; cursor++) {
      const entry = link.inbox[cursor];
      if (!entry || entry.taken || matches(pattern, entry) !== 'yes') continue;
      // A repeat of before the ack:A is legal; only what follows the ack is a second push.
      if (entry.kind === 'packet' && entry.passedOver) continue;
      const of = entry.kind === 'packet' ? labelsOfPacket(stage, actor, link, entry.packet) : labels;
      if (labels.length === 0 || of.some((label) => labels.includes(label))) unwanted = describeReceived(entry);
    }
    return unwanted !== undefined;
  };
  const from = performance.now();
  await stage.mustWait(stage.waits.until(look, windowMs));
  const [message] = labels;
  return recordExpectation(stage, place, {
    requirement: action.by,
    expected: `no ${describePattern(pattern, labels)} reaches ${actor.name} for ${Math.round(windowMs)} ms`,
    seen: unwanted ?? 'none came',
    met: unwanted === undefined,
    miss: 'unwanted-packet',
    waitedMs: performance.now() - from,
    ...(message ? { message } : {}),
  });
};
