import { ms } from '../../../terms/text.js';
import type { ClientJudge } from '../context.js';

/** The expectations of the script. */
export const judgeSteps: ClientJudge = ({ facts, findings }) => ({
  onStep: ({ step, text, requirement, outcome, expected, seen, late, waitedMs, at }) => {
    if (outcome === 'unreached' || requirement === '') {
      const sentence = `step ${step} (${text}) was not reached: expected ${expected}, seen ${seen}`;
      findings.leaveOpen('step-not-reached', sentence);
      return;
    }
    if (outcome === 'met') {
      findings.exercise(requirement);
      return;
    }
    // What it waited for may have been told in a word that is none: that is said at the end.
    if (facts.words.fault !== undefined) return;
    findings.report({
      requirement,
      message: `step ${step} was missed: ${text}`,
      step,
      expected,
      seen,
      where: `the client as a whole; watched from ${ms(Math.max(0, at - waitedMs))} to ${ms(at)}`,
      events: [facts.line],
      about: undefined,
      ...(late === true ? { late } : {}),
    });
  },
});
