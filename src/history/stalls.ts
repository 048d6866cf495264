import type { Timers } from '../../schemas/index.js';
import type { Finding, Judgement } from './terms/judgement.js';

/** A stall of a third of the shortest time that the subject is held to, or that it holds the kit to, is too long. */
const STALL_FRACTION = 3;

/** No stall makes a packet invalid, or a message that nobody sent; a subject that floods the kit may well make it stall. */
const NEVER_BY_STALL = new Set(['IM-1-3', 'IM-2-1', 'IM-4.2-27']);

/**
 * What is not held against the subject, because the kit that wrote the history stood still itself meanwhile; undefined:
 * all counts. A kit that stands still reads late and answers pings late.
 */
export const tooSlowToJudge = (
  findings: readonly Finding[],
  stalledMs: number,
  { answerWithinMs, deadAfterMs }: Pick<Timers, 'answerWithinMs' | 'deadAfterMs'>,
): Judgement['tooSlow'] => {
  const tolerableMs = Math.min(answerWithinMs, deadAfterMs) / STALL_FRACTION;
  if (findings.length === 0 || stalledMs <= tolerableMs) return undefined;
  if (findings.some(({ requirement }) => NEVER_BY_STALL.has(requirement))) return undefined;
  return { stalledMs, requirements: [...new Set(findings.map(({ requirement }) => requirement))] };
};

/** `too slow to judge: …`, as a reason. */
export const tooSlowText = ({ stalledMs, requirements }: NonNullable<Judgement['tooSlow']>): string =>
  `too slow to judge: the kit itself stood still for ${stalledMs} ms, and what it saw (${requirements.join(', ')}) may come from that`;
