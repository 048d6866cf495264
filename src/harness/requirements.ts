import type { HistoryEvent, Report, ScenarioResult, ServerClass, Violation } from '../../schemas/index.js';
import { type Finding, Tracer } from '../history/index.js';
import { type Ledger, requirementOf } from '../ledger/index.js';

/** A finding with the sentence and the level of its requirement, and the packets concerned. */
export const toViolation = (ledger: Ledger, finding: Finding, events: readonly HistoryEvent[]): Violation => {
  const { id, level, sentence } = requirementOf(ledger, finding.requirement);
  const tracer = new Tracer(finding);
  for (const event of events) tracer.feed(event);
  const { about: _, requirement: __, ...rest } = tracer.finding();
  return { requirement: id, level, sentence, ...rest, trace: tracer.lines() };
};

type RequirementRow = Report['requirements'][number];

/** What the run says of every server requirement of the tested classes. */
export const judgeRequirements = (
  ledger: Ledger,
  results: readonly ScenarioResult[],
  classes: readonly ServerClass[],
): RequirementRow[] =>
  ledger.requirements
    .filter((requirement) => requirement.role === 'server')
    .map(({ id, level, class: name }) => {
      const broken = results.some(({ violations, warnings }) =>
        [...violations, ...warnings].some((violation) => violation.requirement === id),
      );
      const exercised = results.reduce((sum, result) => sum + (result.exercised[id] ?? 0), 0);
      const scenarios = results.filter((result) => (result.exercised[id] ?? 0) > 0).map((result) => result.id);
      const tested = classes.some((claimed) => claimed === name);
      const verdict = broken ? 'failed' : !tested ? 'not-applicable' : exercised > 0 ? 'passed' : 'unproven';
      return { id, level, class: name, verdict, exercised, scenarios };
    });
