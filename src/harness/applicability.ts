import type { Description, ServerClass } from '../../schemas/index.js';
import type { Scenario } from '../script/index.js';
import { mostToOneUser } from '../verbs/index.js';
import type { NotPlayed } from './powers.js';
import type { Prepared } from './prepare.js';

/** What a server of a class declares (section 5 of the text): who claims the class without it has not shown it. */
const DECLARED_BY: Readonly<Partial<Record<ServerClass, readonly string[]>>> = {
  'flow-control': ['limits.maxInFlight', 'limits.maxInboxMessages'],
  observable: ['metrics'],
};

/**
 * Whether a description has what a scenario requires: `metrics`, `limits.maxInFlight`, `limits.maxInFlight <= 1000`.
 * `limits.maxInFlight <= 1000 or none`: a server that declares nothing has it, too.
 */
const declares = (description: Description, requirement: string): boolean => {
  if (requirement === 'metrics') return description.metrics !== undefined;
  const [path = '', relation, bound, orNone] = requirement.split(' ');
  const [part, member = ''] = path.split('.') as ['limits' | 'timers', string];
  const members: Readonly<Record<string, number | undefined>> = description[part] ?? {};
  const value = Object.hasOwn(members, member) ? members[member] : undefined;
  if (value === undefined) return orNone !== undefined;
  if (relation === undefined) return true;
  return relation === '<=' ? value <= Number(bound) : value >= Number(bound);
};

const INBOX_LIMIT = 'limits.maxInboxMessages';

/** Why the messages of a scenario do not fit into an inbox; one that asks for the limit counts with it. */
const overfills = (scenario: Scenario, description: Description): string | undefined => {
  const limit = description.limits?.maxInboxMessages;
  if (limit === undefined || scenario.requires.some((requirement) => requirement.startsWith(INBOX_LIMIT)))
    return undefined;
  const most = mostToOneUser(scenario, description);
  return most > limit
    ? `it sends ${most} messages to one user, and the subject declares ${INBOX_LIMIT} ${limit}`
    : undefined;
};

/** Why a scenario is not run on this subject, or nothing when it is. */
export const whyNotRun = (
  scenario: Scenario,
  { classes, description, first, powers }: Prepared,
): NotPlayed | undefined => {
  const { class: name, requires, alsoNeeds, needs } = scenario;
  if (!classes.includes(name)) return { verdict: 'not-applicable', reason: `the subject does not claim ${name}` };
  const unclaimed = alsoNeeds.find((other) => !classes.includes(other));
  if (unclaimed !== undefined) return { verdict: 'not-applicable', reason: `the subject does not claim ${unclaimed}` };
  const missing = requires.find((requirement) => !declares(description, requirement));
  if (missing !== undefined) {
    const [member = ''] = missing.split(' ');
    if (DECLARED_BY[name]?.includes(member) && !declares(description, member)) {
      const remedy = `give it with --describe, or leave ${name} out with --class`;
      return { verdict: 'unproven', reason: `the subject claims ${name} and does not declare ${member}: ${remedy}` };
    }
    const reason = missing.endsWith(' or none')
      ? `the subject declares other than ${missing}`
      : `the subject does not declare ${missing}`;
    return { verdict: 'not-applicable', reason };
  }
  const reason = overfills(scenario, description);
  if (reason !== undefined) return { verdict: 'not-applicable', reason };
  // A clock is more than the class asks for: whoever tests a server that runs already can conform without.
  if (needs.control && !needs.clock && !first.subject.control) {
    const reason = `nobody may kill or freeze a server that the kit did not start: use --exec, or leave ${name} out with --class`;
    return { verdict: 'unproven', reason };
  }
  return powers.whyNot(scenario);
};
