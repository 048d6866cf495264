import type { Report, ScenarioResult } from '../../schemas/index.js';
import { adviceOnInconclusive } from './advice.js';
import { dialectSentence, judgedWords } from './dialect-words.js';
import { count, names } from './words.js';

/** The whole report in plain words. `missing` and `next` are empty when there is nothing to say. */
export interface Outcome {
  /** The verdict in one sentence. */
  sentence: string;
  /** What keeps the run from exit code 0, one sentence each. */
  missing: string[];
  /** What the caller can do about it, one sentence each. */
  next: string[];
}

/** Scenarios that failed and are not in the baseline. */
export const newFailures = (report: Report): ScenarioResult[] =>
  report.scenarios.filter((result) => result.verdict === 'failed' && !result.knownFailure);

export const knownFailures = (report: Report): ScenarioResult[] =>
  report.scenarios.filter((result) => result.verdict === 'failed' && result.knownFailure);

/** Passed only on a later attempt, or failed in some of its repetitions and not in others. */
export const isFlaky = ({ verdict, attempts, repetitions }: ScenarioResult): boolean =>
  (verdict === 'passed' && attempts > 1) ||
  (repetitions !== undefined && repetitions.failed.length > 0 && repetitions.failed.length < repetitions.played);

/** Whether the caller left scenarios out. */
export const narrowed = (report: Report): boolean =>
  report.shard !== undefined ||
  (report.selection !== undefined && report.selection.only.length + report.selection.skip.length > 0);

/** `119 of 119 MUST and 3 of 3 SHOULD of the tested classes were exercised`. */
export const requirementCoverage = (report: Report): string => {
  const tested = report.requirements.filter(({ verdict }) => verdict !== 'not-applicable');
  const parts = (['MUST', 'SHOULD', 'MAY'] as const).flatMap((level) => {
    const rows = tested.filter((row) => row.level === level);
    const seen = rows.filter(({ exercised }) => exercised > 0).length;
    return rows.length === 0 ? [] : [`${seen} of ${rows.length} ${level}`];
  });
  return `${parts.join(' and ') || 'none'} of the tested classes were exercised`;
};

/**
 * The class of a failure is that of what it accuses first. A rule of core that breaks only where another class is
 * tested says that the server does not keep that class: whoever tests it for core alone finds nothing.
 */
const failedClasses = (report: Report): string[] => {
  const classOf = new Map(report.requirements.map((requirement) => [requirement.id, requirement.class]));
  const failed = newFailures(report).map(({ class: tested, violations: [first] }) => {
    const broken = first === undefined ? undefined : classOf.get(first.requirement);
    return broken === undefined || broken === 'core' ? tested : broken;
  });
  const claimed: readonly string[] = report.subject.classes;
  return [...new Set([...claimed.filter((name) => failed.includes(name as never)), ...failed])];
};

const clean = (report: Report): string => {
  const { passed, knownFailures: known, unproven } = report.summary;
  if (report.shard !== undefined) {
    const { number, of } = report.shard;
    return `${count(passed, 'scenario')} of shard ${number} of ${of} passed; merge-reports makes the verdict of all shards`;
  }
  if (narrowed(report)) return `${count(passed, 'selected scenario')} passed; only a whole run shows conformance`;
  const classes = `im.ran.v1 ${report.subject.classes.join(', ')}`;
  if (known > 0)
    return `nothing new failed in ${classes}; ${count(known, 'known failure')} of the baseline still there`;
  if (unproven > 0) return `nothing failed in ${classes}; ${count(unproven, 'scenario')} unproven, as allowed`;
  return `conforms to ${classes}`;
};

const sentence = (report: Report): string => {
  const throughDialect = report.complete ? dialectSentence(report) : undefined;
  if (throughDialect !== undefined) return throughDialect;
  if (report.exitCode === 0) return clean(report);
  if (report.exitCode === 130) return 'interrupted: no verdict';
  const failed = failedClasses(report);
  // What was seen before a run ended stays true.
  if (failed.length > 0 && report.exitCode === 1) return `does not conform to im.ran.v1 ${failed.join(', ')}`;
  if (!report.complete) {
    return `no verdict: ${report.scenarios.length === 0 ? 'nothing was tested' : 'the run did not finish'}`;
  }
  if (failed.length > 0) return `does not conform to im.ran.v1 ${failed.join(', ')}`;
  if (report.summary.staleBaseline.length > 0) return 'the baseline is stale: entries of it fail no more';
  if (report.exitCode === 1 && report.summary.warnings > 0) {
    return `nothing failed, but ${count(report.summary.warnings, 'warning')} ${report.summary.warnings === 1 ? 'counts' : 'count'}, as asked`;
  }
  if (report.subject.dialect) return `not decided; ${judgedWords(report)}`;
  return `not decided: conformance to im.ran.v1 ${report.subject.classes.join(', ')} is not shown`;
};

const missing = (report: Report): string[] => {
  if (report.exitCode === 0) return [];
  const { inconclusive, unproven, errors, staleBaseline } = report.summary;
  const failures = newFailures(report);
  const broken = new Set(failures.flatMap((result) => result.violations.map((violation) => violation.requirement)));
  const lines: string[] = [];
  if (failures.length > 0) lines.push(`${count(failures.length, 'scenario')} failed: ${names([...broken])}`);
  if (inconclusive > 0) lines.push(`${count(inconclusive, 'scenario')} inconclusive`);
  if (report.exitCode === 1 && failures.length + staleBaseline.length === 0) {
    const ids = report.scenarios.flatMap(({ warnings }) => warnings.map(({ requirement }) => requirement));
    lines.push(`${count(ids.length, 'warning')}: ${names([...new Set(ids)])}`);
  }
  if (unproven > 0 && report.selection?.allowUnproven !== true) lines.push(`${count(unproven, 'scenario')} unproven`);
  if (errors > 0) lines.push(`${count(errors, 'error')} of the kit itself`);
  if (report.scenarios.length > 0 && report.scenarios.every(({ verdict }) => verdict === 'not-applicable'))
    lines.push(`none of the chosen scenarios applies to this ${report.subject.role}`);
  if (staleBaseline.length > 0) lines.push(`baseline entries that fail no more: ${names(staleBaseline)}`);
  // A requirement that nothing put to the test does not count by itself: it is named where nothing else says why.
  const unshown = report.requirements.filter(({ verdict, level }) => verdict === 'unproven' && level === 'MUST');
  if (lines.length === 0 && unshown.length > 0 && !narrowed(report))
    lines.push(`${count(unshown.length, 'requirement')} unproven: ${names(unshown.map(({ id }) => id))}`);
  if (!report.complete && report.scenarios.length > 0)
    lines.push(`the run ended after ${count(report.scenarios.length, 'scenario')}`);
  return lines;
};

/** An error that nobody needs to report: the machine had no time for the kit. */
export const isTooSlow = ({ because }: ScenarioResult): boolean =>
  because?.code === 'kit-stalled' || because?.code === 'network-stalled';

const next = (report: Report): string[] => {
  const { unproven, errors, staleBaseline } = report.summary;
  const lines: string[] = [];
  const failures = newFailures(report);
  if (failures.length > 0) {
    const first = failures.flatMap((result) => result.violations)[0]?.requirement;
    lines.push('run the replay line of one failure; --history DIR keeps every packet');
    if (first !== undefined) lines.push(`npx im-conformance explain ${first} tells why the requirement is there`);
  }
  if (unproven > 0 && report.exitCode !== 0) {
    const remedy =
      report.subject.role === 'client'
        ? 'let the bot declare shorter timers, wait longer (--max-wait)'
        : 'let the kit start the server (--exec)';
    lines.push(`${remedy}, leave classes out (--class), or accept it (--allow-unproven)`);
  }
  lines.push(...adviceOnInconclusive(report));
  if (staleBaseline.length > 0)
    lines.push('take these entries out of the baseline file, or let --update-baseline FILE do it');
  const slow = report.scenarios.filter(isTooSlow).length;
  if (slow > 0)
    lines.push('give the kit a quieter machine, or lower --concurrency and --instances: it stood still itself');
  if (errors > slow) lines.push('errors are not held against the subject: please report them, with --history DIR');
  if (lines.length === 0 && report.subject.embedded && report.exitCode === 0) {
    lines.push('test your own server: npx im-conformance ws://HOST:PORT/ or npx im-conformance --exec "COMMAND"');
  }
  return lines;
};

/** Says in plain words what a report means, what is missing and what to do. */
export const outcomeOf = (report: Report): Outcome => ({
  sentence: sentence(report),
  missing: missing(report),
  next: next(report),
});
