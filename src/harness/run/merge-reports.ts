import { isDeepStrictEqual } from 'node:util';
import type { Report } from '../../../schemas/index.js';
import { defined } from '../../defined.js';
import { KitError } from '../../errors.js';
import { EXIT } from '../options.js';
import { baselineOf } from './baseline.js';
import { withWarningsCounted } from './exit-code.js';
import { assembleReport } from './suite-report.js';

/** A report, and how errors name it. */
export interface NamedReport {
  name: string;
  report: Report;
}

type SharedReport = Report & { shard: NonNullable<Report['shard']> };

const REMEDY = 'Merge the JSON reports of all shards of one run, each once.';

const refuse = (message: string, remedy = REMEDY): never => {
  throw new KitError('usage', message, remedy);
};

/** A shard that could not start its subject knows nothing of it, and says only why. */
const testedNothing = ({ scenarios }: Report): boolean => scenarios.length === 0;

/** What must be the same in all shards, and how it is called. A port that the kit picks differs from run to run. */
const MUST_AGREE: readonly (readonly [what: string, of: (report: SharedReport) => unknown, always?: true])[] = [
  ['versions of the kit', ({ kit }) => kit.version, true],
  ['numbers of shards', ({ shard }) => shard.of, true],
  ['choices of scenarios', ({ shard }) => shard.digest, true],
  ['--sweep', ({ kit }) => kit.sweep],
  ['--repeat', ({ kit }) => kit.repeat],
  ['--repetition', ({ kit }) => kit.repetition],
  ['baselines', ({ baseline }) => baseline],
  ['--allow-unproven', ({ selection }) => selection?.allowUnproven ?? false],
  ['--fail-on', ({ selection }) => selection?.failOn],
  ['roles of the subject', ({ subject }) => subject.role, true],
  ['commands of the subject', ({ subject }) => subject.command],
  ['subjects', ({ subject }) => [subject.embedded, subject.command === undefined && !subject.embedded && subject.url]],
  ['classes', ({ subject }) => subject.classes],
  ['descriptions of the subject', ({ subject }) => subject.description],
];

const words = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? 'none'));

const checkAgreement = (reports: readonly { name: string; report: SharedReport }[]): void => {
  for (const [what, of, always] of MUST_AGREE) {
    const [first, ...others] = reports.filter(({ report }) => always === true || !testedNothing(report));
    const other = others.find(({ report }) => first && !isDeepStrictEqual(of(report), of(first.report)));
    if (first === undefined || other === undefined) continue;
    refuse(
      `these reports have different ${what}: ${words(of(first.report))} in ${first.name}, ${words(of(other.report))} in ${other.name}`,
    );
  }
};

const checkShards = (reports: readonly { name: string; report: SharedReport }[]): void => {
  const [first] = reports;
  const { of, scenarios } = first?.report.shard ?? { of: 0, scenarios: 0 };
  const holders = new Map<number, string>();
  for (const { name, report } of reports) {
    const earlier = holders.get(report.shard.number);
    if (earlier !== undefined) refuse(`${earlier} and ${name} are both shard ${report.shard.number} of ${of}`);
    holders.set(report.shard.number, name);
  }
  const missing = Array.from({ length: of }, (_, i) => i + 1).filter((number) => !holders.has(number));
  if (missing.length > 0) {
    const which = missing.length === 1 ? `shard ${missing[0]}` : `shards ${missing.join(', ')}`;
    refuse(`${which} of ${of} ${missing.length === 1 ? 'is' : 'are'} missing`);
  }
  const seen = new Map<string, string>();
  for (const { name, report } of reports) {
    for (const { id } of report.scenarios) {
      const earlier = seen.get(id);
      if (earlier !== undefined) refuse(`${id} was played in ${earlier} and in ${name}`);
      seen.set(id, name);
    }
  }
  const whole = reports.every(({ report }) => report.complete);
  if (whole && seen.size !== scenarios)
    refuse(
      `the shards hold ${seen.size} scenarios, and ${scenarios} were chosen`,
      'Run all shards with the same options.',
    );
};

const hasShard = (named: NamedReport): { name: string; report: SharedReport } => {
  const { name, report } = named;
  const { shard } = report;
  if (shard === undefined) return refuse(`${name} is no report of a shard`, 'Run the shards with --shard K/N.');
  return { name, report: { ...report, shard } };
};

/** Exit codes that say more than the results do, the one that counts before all others first. */
const BEYOND_RESULTS: readonly number[] = [EXIT.usage, EXIT.unreachable];

/** Exit code of the whole: what was seen in a shard stays true even if another one did not come to its end. */
const exitCodeOfAll = (merged: Report, reports: readonly Report[]): number => {
  const beyond = BEYOND_RESULTS.find((code) => reports.some(({ exitCode }) => exitCode === code));
  if (beyond !== undefined) return beyond;
  if (merged.complete) return merged.exitCode;
  if (merged.causes.length > 0) return EXIT.nonconforming;
  return reports.some(({ exitCode }) => exitCode === EXIT.interrupted) ? EXIT.interrupted : EXIT.undecided;
};

const problemsOf = (reports: readonly SharedReport[]): string[] =>
  reports.flatMap(({ shard, problems, complete }) => {
    const ended = complete || problems.length > 0 ? [] : ['it did not come to its end. Run it again.'];
    // What is wrong with the whole subject is told once.
    return [...problems, ...ended].map((text) => (complete ? text : `shard ${shard.number} of ${shard.of}: ${text}`));
  });

/**
 * Makes one report of those of all shards of a run, as if it had been one run: verdict, requirements and fault matrix are
 * those of the whole. Throws a usage KitError where they do not belong together, overlap, or one is missing.
 */
export const mergeReports = (named: readonly NamedReport[]): Report => {
  const shards = named.map(hasShard);
  checkAgreement(shards);
  checkShards(shards);
  const reports = shards.map(({ report }) => report).sort((a, b) => a.shard.number - b.shard.number);
  const told = reports.find((report) => !testedNothing(report)) ?? (reports[0] as SharedReport);
  const selection = told.selection;
  const merged = assembleReport({
    kit: { ...told.kit, seed: [...new Set(reports.map(({ kit }) => kit.seed))].join(', ') },
    subject: told.subject,
    startedAt: reports.map(({ startedAt }) => startedAt).sort()[0] as string,
    complete: reports.every(({ complete }) => complete),
    results: reports.flatMap(({ scenarios }) => scenarios),
    baseline: baselineOf(told.baseline ?? []),
    allowUnproven: selection?.allowUnproven ?? false,
    problems: problemsOf(reports),
    // They ran side by side.
    durationMs: Math.max(...reports.map(({ summary }) => summary.durationMs)),
  });
  const judged = withWarningsCounted({ ...merged, ...defined({ selection }) });
  return { ...judged, exitCode: exitCodeOfAll(judged, reports) };
};

/** The same report with another baseline: which failures are known, which entries are stale, and the exit code. */
export const withBaseline = (report: Report, entries: readonly string[]): Report => {
  const { selection, exitCode } = report;
  const judged = assembleReport({
    ...report,
    results: report.scenarios,
    baseline: baselineOf(entries),
    allowUnproven: selection?.allowUnproven ?? false,
    durationMs: report.summary.durationMs,
  });
  const kept = !report.complete || BEYOND_RESULTS.includes(exitCode);
  const { baseline: _, ...rest } = report;
  const counted = withWarningsCounted({ ...rest, ...judged });
  return { ...counted, exitCode: kept ? exitCode : counted.exitCode };
};
