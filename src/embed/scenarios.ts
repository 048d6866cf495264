import type { RequirementId, Role, SubjectClass } from '../../schemas/index.js';
import { defined } from '../defined.js';
import { listScenarios } from '../harness/index.js';
import { selectionFrom } from '../options/selection.js';
import type { Scenario } from '../script/index.js';
import { forPrograms } from './fields.js';
import type { ConformanceOptions } from './options.js';
import { settingsOf } from './settings-of.js';

/** What is known of a scenario before it is played. */
export interface ScenarioInfo {
  /** Its path, then `#cell` where it is a cell of a matrix: `server/core/dropped-packets#msg-n`. */
  readonly id: string;
  /** One sentence. */
  readonly title: string;
  /** What its subject is in the protocol. */
  readonly role: Role;
  /** The class without which it does not apply. */
  readonly class: SubjectClass;
  /** Ids of the requirements that it proves. */
  readonly requirements: readonly RequirementId[];
  /** Real bugs that it would have caught: `owner/repository#12` or `CVE-2020-1`. */
  readonly seenIn: readonly string[];
  /** It has the subject to itself, because it kills or freezes it. */
  readonly exclusive: boolean;
  /** Why it is there, where its title does not say it. */
  readonly about?: string;
}

const infoOf = ({ id, title, role, class: name, proves, seenIn, exclusive, about }: Scenario): ScenarioInfo =>
  defined({ id, title, role, class: name, requirements: [...proves], seenIn: [...seenIn], exclusive, about });

/**
 * The scenarios that a run with these options would take up, in the order of their ids, without a subject: what the
 * subject does not claim is among them. The other options of a run may be given and are checked, too. Throws a
 * `KitError` of code `usage`.
 */
export const scenarios = (options: ConformanceOptions = {}): ScenarioInfo[] => {
  try {
    const { role, settings } = settingsOf(options);
    return listScenarios(selectionFrom(settings, role)).map(infoOf);
  } catch (cause) {
    throw forPrograms(cause);
  }
};
