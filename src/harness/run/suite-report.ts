import { REPORT_VERSION, type Report } from '../../../schemas/index.js';
import { defined } from '../../defined.js';
import { kitVersion } from '../../kit-version.js';
import { loadExcuses } from '../../script/index.js';
import { loadScenarios } from '../../verbs/index.js';
import { EXIT, type RunOptions } from '../options.js';
import { causesOf } from './causes.js';
import { exitCodeOf, summarize } from './exit-code.js';
import { judgeMatrix } from './judge-matrix.js';
import { mergeRepetitions } from './repetitions.js';
import { judgedOf, judgeRequirements, showWhatIsUnproven } from './requirements.js';
import type { Suite } from './suite.js';

const kitOf = ({ seed, sweep, repeat, repetition }: RunOptions): Report['kit'] => ({
  name: 'im-conformance',
  version: kitVersion(),
  seed,
  ...defined({ sweep, repeat, repetition }),
});

/** What the caller wants judged, and was not: a shorter list than before must not look like a pass. */
const unjudgedOf = ({ judged = [] }: RunOptions, requirements: Report['requirements']): string[] => {
  const exercised = new Set(requirements.filter((row) => row.exercised > 0).map(({ id }): string => id));
  return judged.filter((id) => !exercised.has(id));
};

/** Everything that the run found. `complete`: it was not interrupted. */
export const reportOf = (suite: Suite, complete: boolean, startedAt: Date): Report => {
  const { options, prepared, ledger } = suite;
  const played = mergeRepetitions([...suite.results.values()]).sort((a, b) => (a.id < b.id ? -1 : 1));
  const results = showWhatIsUnproven(played, suite.unable);
  const stale = results.filter((r) => r.verdict === 'passed' && options.baseline?.includes(r.id)).map((r) => r.id);
  const summary = summarize(results, stale, Date.now() - startedAt.getTime());
  const profile = prepared.subject.dialect?.profile;
  const requirements = judgeRequirements(ledger, prepared.role, results, prepared.classes, profile);
  const untested = prepared.classes.filter(
    (name) => !loadScenarios().some(({ role, class: own }) => role === prepared.role && own === name),
  );
  const problems = [
    ...suite.problems,
    ...untested.map(
      (name) =>
        `the class ${name} is claimed, but this version of the kit has no scenarios for it: unproven. Leave it out with --class.`,
    ),
  ];
  const unjudged = unjudgedOf(options, requirements);
  if (unjudged.length > 0) {
    problems.push(
      `not judged, though --judged names them: ${unjudged.join(', ')}. Something in the dialect or in the server keeps them from being put to the test.`,
    );
  }
  const decided = exitCodeOf(summary, options.allowUnproven, untested.length);
  const code = suite.historyLost ? EXIT.usage : unjudged.length > 0 ? EXIT.nonconforming : decided;
  return {
    version: REPORT_VERSION,
    kit: kitOf(options),
    subject: prepared.subject,
    startedAt: startedAt.toISOString(),
    complete,
    exitCode: complete ? code : EXIT.interrupted,
    problems,
    summary,
    scenarios: results,
    causes: causesOf(results),
    requirements,
    ...defined({ judged: profile && judgedOf(requirements, prepared.classes) }),
    // The cells are faults of the kit's clients; of a client under test the kit plays the other side.
    matrix: prepared.role === 'server' ? judgeMatrix(results, loadExcuses()) : [],
  };
};
