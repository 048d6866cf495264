import { createHash } from 'node:crypto';
import type { Report, ScenarioResult, SubjectClass } from '../../schemas/index.js';
import { isTooSlow } from '../../src/report/index.js';
import type { KitOutcome, Selection } from './kit-run.js';
import type { Variant } from './variant.js';

/** One accusation of a subject that is correct. */
export interface FalseAlarm {
  scenario: string;
  /** The requirements that it was said to break, or what else was said. */
  said: string;
}

/** What is kept of one run. */
export interface RunRecord {
  variant: string;
  /** Of the variant's entry: runs of what it was before say nothing about what it is now. */
  entry: string;
  /** Of the code and the scripts that judged. */
  build: string;
  kit: string;
  classes: SubjectClass[];
  only: string[];
  /** The scenarios were divided into so many parts, and one was played. Undefined: all were. */
  shards?: number;
  /** Processes that kept a core busy each. */
  burners: number;
  /** Load average of the last minute at the end of the run: what the machine had to do, this run included. Undefined: not measured. */
  load?: number;
  run: number;
  seed: string;
  /** ISO 8601. */
  endedAt: string;
  wallMs: number;
  /** Scenarios that passed or failed. */
  judged: number;
  /** Of them those that were played again, alone. */
  retried: number;
  inconclusive: string[];
  tooSlow: string[];
  notApplicable: number;
  falseAlarms: FalseAlarm[];
  /** The whole report, when there was a false alarm. */
  report?: string;
}

export const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 10);

export const entryOf = (variant: Variant): string => hashOf(JSON.stringify(variant));

const idsOf = (scenarios: readonly ScenarioResult[]): string[] => scenarios.map(({ id }) => id);

/** A correct subject that keeps each SHOULD deserves no warning, and nothing outside the scenarios is its fault either. */
const falseAlarmsIn = ({ scenarios, problems }: Report, { warns = [], byUrl }: Variant): FalseAlarm[] => {
  const alarms: FalseAlarm[] = problems.map((said) => ({ scenario: 'the run', said }));
  for (const scenario of scenarios) {
    const { id, verdict, violations, warnings, reason = '' } = scenario;
    const named = (list: typeof violations) => [...new Set(list.map(({ requirement }) => requirement))].join(', ');
    if (verdict === 'failed') alarms.push({ scenario: id, said: named(violations) });
    if ((verdict === 'error' && !isTooSlow(scenario)) || (verdict === 'unproven' && !byUrl)) {
      alarms.push({ scenario: id, said: `${verdict}: ${reason}` });
    }
    const unfounded = warnings.filter(({ requirement }) => !warns.includes(requirement));
    if (unfounded.length > 0) alarms.push({ scenario: id, said: `warning: ${named(unfounded)}` });
  }
  return alarms;
};

/** What counts of a run that came to its end. */
export const recordOf = (
  { report, pretty, wallMs }: KitOutcome,
  about: Selection & { variant: Variant; build: string; burners: number; load: number; run: number; seed: string },
): RunRecord => {
  const { scenarios } = report;
  const judged = scenarios.filter(({ verdict }) => verdict === 'passed' || verdict === 'failed');
  const falseAlarms = falseAlarmsIn(report, about.variant);
  return {
    variant: about.variant.id,
    entry: entryOf(about.variant),
    build: about.build,
    kit: report.kit.version,
    classes: [...about.classes],
    only: [...about.only],
    ...(about.shards === 1 ? {} : { shards: about.shards }),
    burners: about.burners,
    load: about.load,
    run: about.run,
    seed: about.seed,
    endedAt: new Date().toISOString(),
    wallMs,
    judged: judged.length,
    retried: judged.filter(({ attempts }) => attempts > 1).length,
    inconclusive: idsOf(scenarios.filter(({ verdict }) => verdict === 'inconclusive')),
    tooSlow: idsOf(scenarios.filter(isTooSlow)),
    notApplicable: report.summary.notApplicable,
    falseAlarms,
    ...(falseAlarms.length === 0 ? {} : { report: pretty }),
  };
};
