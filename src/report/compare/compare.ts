import type { Report, ScenarioResult, Verdict } from '../../../schemas/index.js';
import { inertReport } from '../inert.js';
import { isFlaky } from '../outcome.js';

/** A report, and the name of its file. */
export interface NamedReport {
  name: string;
  report: Report;
}

/** What a scenario came to in one of the reports; `absent`: it is not in it. */
export type State = Verdict | 'absent';

/** A report as a column of the comparison. */
export interface Column extends NamedReport {
  /** A, B, C… */
  letter: string;
  /** What was tested, as a person calls it. */
  subject: string;
}

/** One scenario in all reports. */
export interface ComparedScenario {
  id: string;
  title: string;
  /** One for each column. */
  states: readonly State[];
  flaky: readonly boolean[];
  results: readonly (ScenarioResult | undefined)[];
}

export interface ComparedRequirement {
  id: string;
  level: string;
  states: readonly (Report['requirements'][number]['verdict'] | 'absent')[];
}

/** What changed from the first run to the second one, by scenario. Each is in one list at most. */
export interface Difference {
  broken: ComparedScenario[];
  fixed: ComparedScenario[];
  stillFailing: ComparedScenario[];
  /** Passed in one and not in the other, and failed in none: undecided, unproven, not applicable. */
  otherwise: ComparedScenario[];
  added: ComparedScenario[];
  removed: ComparedScenario[];
  /** Passed now and then in one of them, and failed for good in none. */
  flaky: ComparedScenario[];
}

export interface Comparison {
  columns: readonly Column[];
  scenarios: readonly ComparedScenario[];
  requirements: readonly ComparedRequirement[];
  /** Where two runs of one subject are compared. */
  difference?: Difference;
}

const subjectWords = ({ subject }: Report): string => {
  if (subject.embedded) return 'the embedded reference server';
  return subject.command ?? (subject.url === '' ? 'no subject' : subject.url);
};

/** A command names a subject, whatever port it got; else its address does. */
const isSameSubject = (a: Report, b: Report): boolean =>
  a.subject.role === b.subject.role && subjectWords(a) === subjectWords(b);

const letterOf = (index: number): string => String.fromCharCode('A'.charCodeAt(0) + index);

const compareScenarios = (columns: readonly Column[]): ComparedScenario[] => {
  const byId = columns.map(({ report }) => new Map(report.scenarios.map((result) => [result.id, result])));
  const ids = [...new Set(columns.flatMap(({ report }) => report.scenarios.map(({ id }) => id)))].sort();
  return ids.map((id) => {
    const results = byId.map((results) => results.get(id));
    return {
      id,
      title: results.find((result) => result !== undefined)?.title ?? '',
      states: results.map((result) => result?.verdict ?? 'absent'),
      flaky: results.map((result) => result !== undefined && isFlaky(result)),
      results,
    };
  });
};

const compareRequirements = (columns: readonly Column[]): ComparedRequirement[] => {
  const byId = columns.map(({ report }) => new Map(report.requirements.map((row) => [row.id, row])));
  const rows = new Map(columns.flatMap(({ report }) => report.requirements.map((row) => [row.id, row.level])));
  return [...rows].map(([id, level]) => ({
    id,
    level,
    states: byId.map((known) => known.get(id)?.verdict ?? 'absent'),
  }));
};

type Kind = keyof Difference;

const kindOf = ({ states: [before, after], flaky }: ComparedScenario): Kind | undefined => {
  if (before === 'absent') return 'added';
  if (after === 'absent') return 'removed';
  if (before === 'failed' && after === 'failed') return 'stillFailing';
  if (after === 'failed') return 'broken';
  if (before === 'failed') return 'fixed';
  if (before !== after) return 'otherwise';
  return flaky.includes(true) ? 'flaky' : undefined;
};

const differenceOf = (scenarios: readonly ComparedScenario[]): Difference => {
  const all: Difference = {
    ...{ broken: [], fixed: [], stillFailing: [], otherwise: [], added: [], removed: [], flaky: [] },
  };
  for (const scenario of scenarios) {
    const kind = kindOf(scenario);
    if (kind !== undefined) all[kind].push(scenario);
  }
  return all;
};

/** Whether the reports that hold it do not agree on it, or something is wrong with it in one of them. */
export const isWorthARow = ({ states, flaky }: ComparedScenario): boolean => {
  const seen = new Set(states.filter((state) => state !== 'absent'));
  return seen.size > 1 || flaky.includes(true) || !(seen.has('passed') || seen.has('not-applicable'));
};

/** Puts reports side by side. Two of one subject are a run before and a run after, in the order in which they are given. */
export const compareReports = (reports: readonly NamedReport[]): Comparison => {
  const columns = reports.map(({ name, report }, index) => {
    const inert = inertReport(report);
    return { name, report: inert, letter: letterOf(index), subject: subjectWords(inert) };
  });
  const scenarios = compareScenarios(columns);
  const [first, second] = columns;
  const areRuns = columns.length === 2 && first && second && isSameSubject(first.report, second.report);
  return {
    columns,
    scenarios,
    requirements: compareRequirements(columns),
    ...(areRuns ? { difference: differenceOf(scenarios) } : {}),
  };
};
