import { stringify } from 'yaml';
import type { Report, ScenarioResult, Violation } from '../../schemas/index.js';
import { inertReport } from './inert.js';
import { outcomeOf } from './outcome.js';
import { bugLink, cut, repetitionWords } from './words.js';

/** One test point: its line without number, and the values of its diagnostics block. */
interface Point {
  ok: boolean;
  name: string;
  directive?: string;
  diagnostics?: Record<string, unknown>;
}

/** `#` would begin a directive, and a backslash is TAP's escape. */
const escaped = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('#', '\\#');

const violationData = (violation: Violation) => ({
  requirement: violation.requirement,
  level: violation.level,
  sentence: violation.sentence,
  message: violation.message,
  expected: violation.expected,
  seen: violation.seen,
  where: violation.where,
  packets: violation.trace,
});

const violationList = (violations: readonly Violation[]): unknown[] => {
  const { shown, rest } = cut(violations, 'violation');
  return [...shown.map(violationData), ...rest];
};

const orNothing = <T>(list: T[]): T[] | undefined => (list.length === 0 ? undefined : list);

/** What is undefined here is left out of the block. */
const diagnosticsOf = (result: ScenarioResult): Record<string, unknown> => ({
  verdict: result.verdict,
  title: result.title,
  reason: result.reason,
  violations: orNothing(violationList(result.violations)),
  warnings: orNothing(violationList(result.warnings)),
  seenIn: orNothing(result.seenIn.map(bugLink)),
  history: result.history,
  repetitions: repetitionWords(result),
  durationMs: Math.round(result.durationMs),
  replay: result.replay,
});

const pointOf = (result: ScenarioResult, allowUnproven: boolean): Point => {
  const name = escaped(result.id);
  const reason = escaped(result.reason ?? '');
  const diagnostics = diagnosticsOf(result);
  if (result.verdict === 'not-applicable') return { ok: true, name, directive: `SKIP not applicable: ${reason}` };
  if (result.verdict === 'unproven' && allowUnproven) return { ok: true, name, directive: `SKIP unproven: ${reason}` };
  if (result.verdict === 'passed') return { ok: true, name, ...(result.warnings.length > 0 ? { diagnostics } : {}) };
  if (result.knownFailure) return { ok: false, name, directive: 'TODO known failure', diagnostics };
  return { ok: false, name, diagnostics };
};

/** A run that was broken off; one that never began has a test point instead, for nothing may follow an empty plan. */
const bailsOut = (report: Report): boolean => !report.complete && report.scenarios.length > 0;

/** What is red although no scenario is: without these points a consumer of TAP would see a green run. */
const runPoints = (report: Report, scenarioPoints: readonly Point[]): Point[] => {
  const stale = report.summary.staleBaseline.map(
    (id): Point => ({ ok: false, name: `stale baseline entry, passes now: ${escaped(id)}` }),
  );
  const red = [...scenarioPoints, ...stale].some((point) => !point.ok && point.directive === undefined);
  if (red || report.exitCode === 0 || bailsOut(report)) return stale;
  const { sentence, missing } = outcomeOf(report);
  return [{ ok: false, name: escaped(sentence), diagnostics: { missing, problems: report.problems } }];
};

const yamlBlock = (values: Record<string, unknown>): string[] => {
  const yaml = stringify(values, { lineWidth: 0, defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN' });
  return [
    '  ---',
    ...yaml
      .trimEnd()
      .split('\n')
      .map((line) => `  ${line}`),
    '  ...',
  ];
};

const pointLines = (point: Point, index: number): string[] => [
  `${point.ok ? 'ok' : 'not ok'} ${index + 1} - ${point.name}${point.directive === undefined ? '' : ` # ${point.directive.trim()}`}`,
  ...(point.diagnostics === undefined ? [] : yamlBlock(point.diagnostics)),
];

/** A run that ended before it chose a server or a seed names neither. */
const headOf = ({ kit, subject }: Report): string =>
  [`im-conformance ${kit.version}`, subject.url, kit.seed && `seed ${kit.seed}`]
    .filter((part) => part !== '')
    .join(', ');

/** The report as TAP 14: one test point for each scenario, with a YAML diagnostics block where there is more to say. */
export const renderTap = (original: Report): string => {
  const report = inertReport(original);
  const allowUnproven = report.selection?.allowUnproven === true;
  const scenarioPoints = report.scenarios.map((result) => pointOf(result, allowUnproven));
  const points = [...scenarioPoints, ...runPoints(report, scenarioPoints)];
  const { sentence } = outcomeOf(report);
  return `${[
    'TAP version 14',
    `1..${points.length}`,
    `# ${headOf(report)}`,
    ...points.flatMap(pointLines),
    ...(bailsOut(report)
      ? [`Bail out! ${[sentence, ...report.problems].join('; ')}`]
      : [...report.problems, sentence].map((line) => `# ${line}`)),
  ].join('\n')}\n`;
};
