import { stringify } from 'yaml';
import type { Report, ScenarioResult, Violation } from '../../schemas/index.js';
import { inert, inertReport, inertResult } from './inert.js';
import { isFlaky, outcomeOf } from './outcome.js';
import { bugLink, cut, firstAttemptWords, repetitionWords } from './words.js';

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
  flaky: isFlaky(result) ? true : undefined,
  firstAttempt: firstAttemptWords(result),
  durationMs: Math.round(result.durationMs),
  replay: result.replay,
});

const pointOf = (result: ScenarioResult, allowUnproven: boolean): Point => {
  const name = escaped(result.id);
  const reason = escaped(result.reason ?? '');
  const diagnostics = diagnosticsOf(result);
  if (result.verdict === 'not-applicable') return { ok: true, name, directive: `SKIP not applicable: ${reason}` };
  if (result.verdict === 'unproven' && allowUnproven) return { ok: true, name, directive: `SKIP unproven: ${reason}` };
  if (result.verdict === 'passed') {
    const isWorthAWord = result.warnings.length > 0 || isFlaky(result);
    return { ok: true, name, ...(isWorthAWord ? { diagnostics } : {}) };
  }
  if (result.knownFailure) return { ok: false, name, directive: 'TODO known failure', diagnostics };
  return { ok: false, name, diagnostics };
};

/** A run that was broken off; one that never began has a test point instead, for nothing may follow an empty plan. */
const bailsOut = (report: Report): boolean => !report.complete && report.scenarios.length > 0;

/** What is red although no scenario is: without these points a consumer of TAP would see a green run. */
const runPoints = (report: Report, scenarioPoints: readonly Point[]): Point[] => {
  const stale = report.summary.staleBaseline.map(
    (id): Point => ({ ok: false, name: `stale baseline entry, fails no more: ${escaped(id)}` }),
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
const headOf = ({ kit, subject }: TapHead): string =>
  [`im-conformance ${kit.version}`, subject.url, kit.seed && `seed ${kit.seed}`]
    .filter((part) => part !== '')
    .map(inert)
    .join(', ');

/** What is known before anything was played. */
export interface TapHead {
  kit: Pick<Report['kit'], 'version' | 'seed'>;
  subject: Pick<Report['subject'], 'url'>;
}

const text = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');

/** What stands below the test points. */
const lastLines = (report: Report): string[] => {
  const { sentence } = outcomeOf(report);
  return bailsOut(report)
    ? [`Bail out! ${[sentence, ...report.problems].join('; ')}`]
    : [...report.problems, sentence].map((line) => `# ${line}`);
};

/** The report as TAP 14, point by point while the run goes on: the plan comes last. */
export class TapWriter {
  readonly #allowUnproven: boolean;
  readonly #points: Point[] = [];
  readonly #told = new Set<string>();

  constructor(allowUnproven: boolean) {
    this.#allowUnproven = allowUnproven;
  }

  head(head: TapHead): string {
    return text(['TAP version 14', `# ${headOf(head)}`]);
  }

  /** The test point of a result that no later one will replace. Nothing for a scenario that was told before. */
  point(result: ScenarioResult): string {
    if (this.#told.has(result.id)) return '';
    this.#told.add(result.id);
    return this.#add(pointOf(inertResult(result), this.#allowUnproven));
  }

  /** What is left to tell of the whole report. */
  end(original: Report): string {
    const left = original.scenarios.map((result) => this.point(result)).join('');
    const report = inertReport(original);
    const more = runPoints(report, this.#points).map((point) => this.#add(point));
    return [left, ...more, text([`1..${this.#points.length}`, ...lastLines(report)])].join('');
  }

  #add(point: Point): string {
    this.#points.push(point);
    return text(pointLines(point, this.#points.length - 1));
  }
}

/** The report as TAP 14: one test point for each scenario, with a YAML diagnostics block where there is more to say. */
export const renderTap = (original: Report): string => {
  const report = inertReport(original);
  const allowUnproven = report.selection?.allowUnproven === true;
  const scenarioPoints = report.scenarios.map((result) => pointOf(result, allowUnproven));
  const points = [...scenarioPoints, ...runPoints(report, scenarioPoints)];
  return text([
    'TAP version 14',
    `1..${points.length}`,
    `# ${headOf(report)}`,
    ...points.flatMap(pointLines),
    ...lastLines(report),
  ]);
};
