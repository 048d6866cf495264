import type { Scenario } from '../scenario/index.js';
import type { Prepared } from './prepare.js';

export interface NotRun {
  verdict: 'not-applicable' | 'unproven';
  reason: string;
}

/** Why a scenario is not run on this subject, or nothing when it is. */
export const whyNotRun = (
  { class: name, requires, alsoNeeds, needsControl }: Scenario,
  { classes, description, first }: Prepared,
): NotRun | undefined => {
  if (!classes.includes(name)) return { verdict: 'not-applicable', reason: `the subject does not claim ${name}` };
  const unclaimed = alsoNeeds.find((other) => !classes.includes(other));
  if (unclaimed !== undefined) return { verdict: 'not-applicable', reason: `the subject does not claim ${unclaimed}` };
  const missing = requires.find((path) => {
    if (path === 'metrics') return description.metrics === undefined;
    const [part, member] = path.split('.') as ['limits' | 'timers', string];
    return !Object.hasOwn(description[part] ?? {}, member);
  });
  if (missing !== undefined) {
    return { verdict: 'not-applicable', reason: `the subject does not declare ${missing}` };
  }
  if (needsControl && !first.subject.control) {
    const reason = `nobody may kill or freeze a server that the kit did not start: use --exec, or leave ${name} out with --class`;
    return { verdict: 'unproven', reason };
  }
  return undefined;
};
