import type {
  HistoryEvent,
  Profile,
  Report,
  Role,
  ScenarioResult,
  SubjectClass,
  Violation,
} from '../../../schemas/index.js';
import { defined } from '../../defined.js';
import { type Finding, Tracer } from '../../history/index.js';
import { isOfRole, type Ledger, requirementOf, whyNotJudged } from '../../ledger/index.js';

/** A trace looks through the whole history; nobody reads the packets of more violations of one requirement. */
const TRACED_PER_REQUIREMENT = 20;

const traced = (finding: Finding, events: readonly HistoryEvent[]): [Finding, string[]] => {
  const tracer = new Tracer(finding);
  for (const event of events) tracer.feed(event);
  return [tracer.finding(), tracer.lines()];
};

/** The findings with the sentence and the level of their requirement, and the packets concerned. */
export const toViolations = (
  ledger: Ledger,
  findings: readonly Finding[],
  events: readonly HistoryEvent[],
): Violation[] => {
  const seen = new Map<string, number>();
  return findings.map((finding) => {
    const { id, level, sentence } = requirementOf(ledger, finding.requirement);
    const before = seen.get(id) ?? 0;
    seen.set(id, before + 1);
    const [whole, trace] = before < TRACED_PER_REQUIREMENT ? traced(finding, events) : [finding, []];
    const { requirement: _, texts: __, ...rest } = whole;
    return { requirement: id, level, sentence, ...rest, trace };
  });
};

type RequirementRow = Report['requirements'][number];

interface Exercised {
  times: number;
  scenarios: string[];
}

/** Which scenarios put which requirements to the test, and how often. */
const exercisedIn = (results: readonly ScenarioResult[]): Map<string, Exercised> => {
  const all = new Map<string, Exercised>();
  for (const result of results) {
    for (const [id, times] of Object.entries(result.exercised)) {
      if (times === 0) continue;
      const known = all.get(id);
      if (known === undefined) all.set(id, { times, scenarios: [result.id] });
      else {
        known.times += times;
        known.scenarios.push(result.id);
      }
    }
  }
  return all;
};

/** What the run says of every requirement of the role, tested or not. */
export const judgeRequirements = (
  ledger: Ledger,
  role: Role,
  results: readonly ScenarioResult[],
  classes: readonly SubjectClass[],
  /** Of the dialect, where there is one. */
  profile?: Profile,
): RequirementRow[] => {
  // Through a dialect only a whole scenario shows anything: a server that says nothing must gain nothing.
  const showing = exercisedIn(profile ? results.filter(({ verdict }) => verdict === 'passed') : results);
  const accused = results.flatMap(({ violations, warnings }) => [...violations, ...warnings]);
  const broken = new Set(accused.map(({ requirement }) => requirement));
  return ledger.requirements
    .filter((requirement) => isOfRole(requirement, role))
    .map((requirement) => {
      const { id, level, class: name } = requirement;
      const { times: exercised, scenarios } = showing.get(id) ?? { times: 0, scenarios: [] };
      const claimed = classes.some((one) => one === name);
      const why = claimed && profile ? whyNotJudged(requirement, profile) : undefined;
      const tested = claimed && why === undefined;
      const verdict = broken.has(id) ? 'failed' : !tested ? 'not-applicable' : exercised > 0 ? 'passed' : 'unproven';
      return { id, level, class: name, verdict, exercised, scenarios, ...defined({ why }) };
    });
};

/** Through a dialect: how many MUST of the tested classes were put to the test, and of how many. */
export const judgedOf = (rows: readonly RequirementRow[], classes: readonly SubjectClass[]): Report['judged'] => {
  const must = rows.filter(({ level, class: name }) => level === 'MUST' && classes.some((one) => one === name));
  return {
    must: must.filter(({ exercised, verdict }) => exercised > 0 || verdict === 'failed').length,
    ofMust: must.length,
  };
};

/**
 * What the kit could not play is of no account as long as others exercised the same requirements. Where nothing did,
 * the subject has not shown them, and that must not look like a pass.
 */
export const showWhatIsUnproven = (results: readonly ScenarioResult[]): ScenarioResult[] => {
  const exercised = new Set(results.flatMap((result) => Object.keys(result.exercised)));
  return results.map((result) =>
    result.unable === true && result.proves.some((id) => !exercised.has(id))
      ? { ...result, verdict: 'unproven' }
      : result,
  );
};
