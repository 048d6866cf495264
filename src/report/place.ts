import { createHash } from 'node:crypto';
import type { ScenarioResult, Violation } from '../../schemas/index.js';
import { groupBy } from './words.js';

/** The file of a scenario, from the root of the kit: what a program that wants files is shown. */
export const scenarioFile = ({ id }: Pick<ScenarioResult, 'id'>): string => `conformance/${id.split('#')[0]}.yaml`;

/** A requirement that broke in a scenario: the first time, and how often in all. */
export interface Finding {
  result: ScenarioResult;
  violation: Violation;
  times: number;
}

/** Every requirement once for each scenario in which it broke, a SHOULD that is not met included. */
export const findingsOf = (scenarios: readonly ScenarioResult[]): Finding[] =>
  scenarios.flatMap((result) =>
    groupBy([...result.violations, ...result.warnings], ({ requirement }) => requirement).flatMap(([, members]) => {
      const [violation] = members;
      return violation === undefined ? [] : [{ result, violation, times: members.length }];
    }),
  );

/** The same finding in another run has the same: times, ids and wording of a run are no part of it. */
export const fingerprintOf = ({ result, violation }: Finding): string =>
  createHash('sha256').update(`${result.role} ${result.id} ${violation.requirement}`).digest('hex').slice(0, 32);
