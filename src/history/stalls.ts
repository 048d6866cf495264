import type { ClientTimers, Timers } from '../../schemas/index.js';
import type { Finding, Judgement } from './terms/judgement.js';

/** A stall of a third of the shortest time that the subject is held to, or that it holds the kit to, is too long. */
const STALL_FRACTION = 3;
/** Every rule about the time of a client has this much slack. */
const CLIENT_SLACK_MS = 1_000;

/** No stall makes a packet invalid, or a message that nobody sent; a subject that floods the kit may well make it stall. */
const NEVER_BY_STALL = new Set(['IM-1-3', 'IM-2-1', 'IM-4.2-27']);

/**
 * What is not held against the subject, because the kit that wrote the history stood still itself meanwhile, or its
 * network did; undefined: all counts. A kit that stands still reads late and answers pings late.
 */
export const tooSlowToJudge = (
  findings: readonly Finding[],
  { stalledMs, networkStalledMs }: { stalledMs: number; networkStalledMs: number },
  timers: Pick<Timers, 'answerWithinMs' | 'deadAfterMs'> | ClientTimers,
): Judgement['tooSlow'] => {
  const shortest = 'answerWithinMs' in timers ? timers.answerWithinMs : CLIENT_SLACK_MS;
  const tolerableMs = Math.min(shortest, timers.deadAfterMs) / STALL_FRACTION;
  const longestMs = Math.max(stalledMs, networkStalledMs);
  if (findings.length === 0 || longestMs <= tolerableMs) return undefined;
  if (findings.some(({ requirement }) => NEVER_BY_STALL.has(requirement))) return undefined;
  const requirements = [...new Set(findings.map(({ requirement }) => requirement))];
  return { what: networkStalledMs > stalledMs ? 'network' : 'kit', stalledMs: longestMs, requirements };
};

/** `too slow to judge: …`, as a reason. */
export const tooSlowText = ({ what, stalledMs, requirements }: NonNullable<Judgement['tooSlow']>): string =>
  `too slow to judge: ${what === 'kit' ? 'the kit itself' : 'the network'} stood still for ${stalledMs} ms, and what was seen (${requirements.join(', ')}) may come from that`;
