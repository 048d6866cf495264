import { REPORT_VERSION, type Report, type ScenarioResult } from '../../../schemas/index.js';
import { defined } from '../../defined.js';
import { kitVersion } from '../../kit-version.js';
import { loadLedger } from '../../ledger/index.js';
import { loadExcuses } from '../../script/index.js';
import { loadScenarios } from '../../verbs/index.js';
import { EXIT, type RunOptions } from '../options.js';
import type { Baseline } from './baseline.js';
import { causesOf } from './causes.js';
import { exitCodeOf, summarize } from './exit-code.js';
import { judgeMatrix } from './judge-matrix.js';
import { listScenarios } from './list-scenarios.js';
import { mergeRepetitions } from './repetitions.js';
import { judgedOf, judgeRequirements, showWhatIsUnproven } from './requirements.js';
import { shardOf } from './shard.js';
import type { Suite } from './suite.js';

const kitOf = ({ seed, sweep, repeat, repetition }: RunOptions): Report['kit'] => ({
  name: 'im-conformance',
  version: kitVersion(),
  seed,
  ...defined({ sweep, repeat, repetition }),
});

/** What the caller wants judged, and was not: a shorter list than before must not look like a pass. */
const unjudgedOf = (judged: readonly string[], requirements: Report['requirements']): string[] => {
  const exercised = new Set(requirements.filter((row) => row.exercised > 0).map(({ id }): string => id));
  return judged.filter((id) => !exercised.has(id));
};

/** What a report is made of; all else in it follows. */
export interface ReportParts extends Pick<Report, 'kit' | 'subject' | 'startedAt' | 'complete' | 'shard'> {
  /** One for each scenario. */
  results: readonly ScenarioResult[];
  baseline: Baseline;
  allowUnproven: boolean;
  problems: readonly string[];
  durationMs: number;
  /** Through a dialect: requirements that must be judged. */
  mustJudge?: readonly string[];
}

/** Classes that are claimed and of which this version of the kit knows nothing. */
const untestedClasses = ({ role, classes }: Report['subject']): string[] =>
  classes.filter((name) => !loadScenarios().some((scenario) => scenario.role === role && scenario.class === name));

const untestedWords = (name: string): string =>
  `the class ${name} is claimed, but this version of the kit has no scenarios for it: unproven. Leave it out with --class.`;

const unjudgedWords = (ids: readonly string[]): string[] =>
  ids.length === 0
    ? []
    : [
        `not judged, though --judged names them: ${ids.join(', ')}. Something in the dialect or in the server keeps them from being put to the test.`,
      ];

/** Makes the whole report: of a run, or of the parts of one. */
export const assembleReport = (parts: ReportParts): Report => {
  const { kit, subject, startedAt, complete, shard, baseline, allowUnproven, durationMs } = parts;
  const { role, classes } = subject;
  const sorted = [...parts.results].sort((a, b) => (a.id < b.id ? -1 : 1));
  const known = sorted.map((result) => ({ ...result, knownFailure: baseline.knows(result) }));
  // What one shard could not play another one may have exercised: only the whole can tell.
  const results = shard === undefined ? showWhatIsUnproven(known) : known;
  const ids = loadScenarios().flatMap((scenario) => (scenario.role === role ? [scenario.id] : []));
  const stale = complete ? baseline.stale(results, ids).map(({ text }) => text) : [];
  const summary = summarize(results, stale, durationMs);
  const untested = untestedClasses(subject);
  const profile = subject.dialect?.profile;
  const requirements = judgeRequirements(loadLedger(), role, results, classes, profile);
  const unjudged = unjudgedOf(parts.mustJudge ?? [], requirements);
  const decided = exitCodeOf(summary, allowUnproven, untested.length);
  const code = unjudged.length > 0 ? EXIT.nonconforming : decided;
  return {
    version: REPORT_VERSION,
    kit,
    subject,
    startedAt,
    complete,
    exitCode: complete ? code : EXIT.interrupted,
    ...defined({ shard }),
    ...(baseline.entries.length === 0 ? {} : { baseline: baseline.entries.map(({ text }) => text) }),
    problems: [...new Set([...parts.problems, ...untested.map(untestedWords), ...unjudgedWords(unjudged)])],
    summary,
    scenarios: results,
    causes: causesOf(results),
    requirements,
    ...defined({ judged: profile && judgedOf(requirements, classes) }),
    // The cells are faults of the kit's clients; of a client under test the kit plays the other side.
    matrix: role === 'server' ? judgeMatrix(results, loadExcuses()) : [],
  };
};

const shardIn = ({ shard, ...options }: RunOptions): Report['shard'] =>
  shard === undefined ? undefined : shardOf(listScenarios(options), shard);

/** What a report says before anything was played. */
export const headOf = ({ options, prepared }: Suite, startedAt: Date) => ({
  kit: kitOf(options),
  subject: prepared.subject,
  startedAt: startedAt.toISOString(),
  ...defined({ shard: shardIn(options) }),
});

/** Everything that the run found. `complete`: it was not interrupted. */
export const reportOf = (suite: Suite, complete: boolean, startedAt: Date): Report => {
  const { options, baseline } = suite;
  const report = assembleReport({
    ...headOf(suite, startedAt),
    complete,
    results: mergeRepetitions([...suite.results.values()]),
    baseline,
    allowUnproven: options.allowUnproven,
    problems: [...suite.problems],
    ...defined({ mustJudge: options.judged }),
    durationMs: Date.now() - startedAt.getTime(),
  });
  return suite.historyLost && complete ? { ...report, exitCode: EXIT.usage } : report;
};
