import type { Description, NotPlayedBecause, SubjectClass } from '../../../schemas/index.js';
import type { Scenario } from '../../script/index.js';
import { mostToOneUser } from '../../verbs/index.js';
import type { NotPlayed } from '../tested.js';
import type { ServerSubject } from './server-subject.js';

/** What a server of a class declares (section 5 of the text): who claims the class without it has not shown it. */
const DECLARED_BY: Readonly<Partial<Record<SubjectClass, readonly string[]>>> = {
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

/** Whether the messages of a scenario do not fit into an inbox; one that asks for the limit counts with it. */
const overfills = (scenario: Scenario, description: Description): NotPlayedBecause | undefined => {
  const limit = description.limits?.maxInboxMessages;
  if (limit === undefined || scenario.requires.some((requirement) => requirement.startsWith(INBOX_LIMIT)))
    return undefined;
  const messages = mostToOneUser(scenario, description);
  return messages > limit ? { code: 'inbox-too-small', messages, limit } : undefined;
};

const notApplicable = (because: NotPlayedBecause): NotPlayed => ({ verdict: 'not-applicable', because });

/** Why a scenario is not run on this subject, or nothing when it is. */
export const whyNotRun = (
  scenario: Scenario,
  { classes, description, first, capabilities, shared }: ServerSubject,
): NotPlayed | undefined => {
  const { class: name, requires, alsoNeeds, needs } = scenario;
  const claimed: readonly SubjectClass[] = classes;
  const unclaimed = [name, ...alsoNeeds].find((other) => !claimed.includes(other));
  if (unclaimed !== undefined) return notApplicable({ code: 'class-not-claimed', class: unclaimed });
  const missing = requires.find((requirement) => !declares(description, requirement));
  if (missing !== undefined) {
    const [member = ''] = missing.split(' ');
    if (DECLARED_BY[name]?.includes(member) && !declares(description, member)) {
      return { verdict: 'unproven', because: { code: 'claimed-not-declared', class: name, requires: member } };
    }
    return notApplicable({ code: 'not-declared', requires: missing });
  }
  const full = overfills(scenario, description);
  if (full !== undefined) return notApplicable(full);
  if (shared !== undefined && name === 'observable')
    return { verdict: 'unproven', because: { code: 'shared', ...shared } };
  // A clock is more than the class asks for: whoever tests a server that runs already can conform without.
  if (needs.control && !needs.clock && !first.subject.control) {
    return { verdict: 'unproven', because: { code: 'no-control', class: name, needs: 'process' } };
  }
  return capabilities.whyNot(scenario);
};
