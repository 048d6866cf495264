import {
  type Cause,
  MATRIX_FAULTS,
  MATRIX_PACKETS,
  MATRIX_RECEIVERS,
  type Report,
  type ScenarioResult,
} from '../../schemas/index.js';
import { defined } from '../defined.js';
import { dialectLines } from './dialect-words.js';
import { inertReport } from './inert.js';
import { code, codeBlock, folded, prose, table, withoutMargin } from './markdown-text.js';
import { CELL_SIGNS, matrixSummary } from './matrix-table.js';
import type { RenderOptions } from './options.js';
import { isFlaky, knownFailures, newFailures, outcomeOf, requirementCoverage } from './outcome.js';
import { plainPaint } from './paint.js';
import { pictureLines, violationOf } from './pretty-causes.js';
import { labelled } from './pretty-failure.js';
import { vanishWords } from './vanish-words.js';
import { bugLink, count, duration, firstAttemptWords, groupBy, repetitionWords } from './words.js';

/** A summary of a job may hold 1 MiB. The JSON report has everything. */
const MAX_CAUSES = 20;
const MAX_IDS = 100;
const MAX_GROUPS = 30;
const WIDTH = 100;

const idList = (ids: readonly string[]): string[] => [
  ids.slice(0, MAX_IDS).map(code).join(', ') + (ids.length > MAX_IDS ? ` and ${ids.length - MAX_IDS} more` : ''),
];

const counts = (report: Report): string[] => {
  const { summary } = report;
  const all: [string, number][] = [
    ['passed', summary.passed],
    ['failed', newFailures(report).length],
    ['known to fail', summary.knownFailures],
    ['inconclusive', summary.inconclusive],
    ['unproven', summary.unproven],
    ['error of the kit', summary.errors],
    ['not applicable', summary.notApplicable],
    ['flaky', report.scenarios.filter(isFlaky).length],
    ['warning', summary.warnings],
  ];
  const shown = all.filter(([name, number]) => number > 0 || name === 'passed' || name === 'failed');
  return table(
    shown.map(([name]) => name),
    [shown.map(([, number]) => String(number))],
  );
};

const example = (result: ScenarioResult, cause: Cause, withPicture: boolean, options: RenderOptions): string[] => {
  const violation = violationOf(result, cause);
  if (violation === undefined) return [];
  const line = (label: string, text: string) => labelled(label, text, plainPaint, WIDTH);
  const historyOf = withPicture ? options.historyOf : undefined;
  const writing = { ...defined({ historyOf }), paint: plainPaint, width: WIDTH };
  const facts = [
    ...line('what', violation.message),
    ...line('expected', violation.expected),
    ...line('seen', violation.seen),
    ...(result.history === undefined ? [] : line('history', result.history)),
  ];
  const lines = [...withoutMargin(facts), ...withoutMargin(pictureLines(result, violation, writing))];
  return [
    `${code(result.id)}: ${prose(result.title)}`,
    '',
    ...codeBlock(lines),
    '',
    'Replay:',
    '',
    ...codeBlock([result.replay]),
    '',
  ];
};

const causeLines = (
  cause: Cause,
  number: number,
  results: ReadonlyMap<string, ScenarioResult>,
  options: RenderOptions,
): string[] => {
  const result = results.get(cause.example);
  const vanished = vanishWords(cause);
  const others = cause.scenarios.filter((id) => id !== cause.example);
  const bugs = cause.seenIn.map((bug) => {
    const link = bugLink(bug);
    return link === bug ? prose(bug) : `[${prose(bug)}](${link})`;
  });
  return [
    `#### ${number}. ${cause.requirement} (${cause.level}): ${count(cause.scenarios.length, 'failure')}`,
    '',
    `> ${prose(cause.sentence)}`,
    '',
    ...(vanished === '' ? [] : [`In all of them ${vanished}.`, '']),
    ...(result === undefined ? [] : example(result, cause, number === 1, options)),
    ...(bugs.length === 0 ? [] : [`Seen in: ${bugs.join(', ')}`, '']),
    ...folded(`${count(others.length, 'more failure')} of this cause`, others.length === 0 ? [] : idList(others)),
  ];
};

const causes = (report: Report, options: RenderOptions): string[] => {
  if (report.causes.length === 0) return [];
  const results = new Map(report.scenarios.map((result) => [result.id, result]));
  const rest = report.causes
    .slice(MAX_CAUSES)
    .map(({ requirement, scenarios }) => `${requirement} (${scenarios.length})`);
  return [
    `### ${count(newFailures(report).length, 'failure')}, ${count(report.causes.length, 'cause')}`,
    '',
    ...report.causes.slice(0, MAX_CAUSES).flatMap((cause, index) => causeLines(cause, index + 1, results, options)),
    ...(rest.length === 0 ? [] : [`And ${count(rest.length, 'more cause')}: ${rest.join(', ')}`, '']),
  ];
};

/** Results that share a reason stand under it. */
const undecided = (report: Report): string[] =>
  (['error', 'inconclusive', 'unproven'] as const).flatMap((verdict) => {
    const results = report.scenarios.filter((result) => result.verdict === verdict);
    if (results.length === 0) return [];
    const groups = groupBy(results, ({ reason }) => reason ?? 'no reason was recorded');
    const title = verdict === 'error' ? 'Errors of the kit' : verdict === 'unproven' ? 'Unproven' : 'Inconclusive';
    return [
      `### ${title} (${results.length})`,
      '',
      ...groups.slice(0, MAX_GROUPS).flatMap(([reason, members]) => {
        const ids = members.map(({ id }) => id);
        return [`${code(reason)}`, '', ...folded(count(ids.length, 'scenario'), idList(ids))];
      }),
      ...(groups.length > MAX_GROUPS ? [`And ${count(groups.length - MAX_GROUPS, 'more reason')}`, ''] : []),
    ];
  });

const flaky = (report: Report): string[] => {
  const lines = report.scenarios.filter(isFlaky).map((result) => {
    const words = [repetitionWords(result), firstAttemptWords(result)].filter((text) => text !== undefined);
    return `- ${code(result.id)}${words.length === 0 ? '' : `: ${code(words.join('; '))}`}`;
  });
  return lines.length === 0 ? [] : [`### Flaky (${lines.length})`, '', ...lines.slice(0, MAX_IDS), ''];
};

const warnings = (report: Report): string[] => {
  const all = report.scenarios.flatMap(({ id, warnings }) => warnings.map((warning) => ({ id, warning })));
  if (all.length === 0) return [];
  return [
    `### Warnings (${all.length})`,
    '',
    ...groupBy(all, ({ warning }) => warning.requirement).flatMap(([requirement, members]) => [
      `**${requirement}**: ${prose(members[0]?.warning.sentence ?? '')}`,
      '',
      ...codeBlock([members[0]?.warning.message ?? '']),
      '',
      ...folded(count(members.length, 'warning'), idList([...new Set(members.map(({ id }) => id))])),
    ]),
  ];
};

const baseline = (report: Report): string[] => {
  const known = knownFailures(report).map(({ id }) => id);
  const stale = report.summary.staleBaseline;
  return [
    ...(known.length === 0 ? [] : folded(`${count(known.length, 'known failure')} of the baseline`, idList(known))),
    ...(stale.length === 0 ? [] : ['### Stale baseline: these fail no more', '', ...idList(stale), '']),
  ];
};

const matrix = (report: Report): string[] => {
  if (report.matrix.every(({ verdict }) => verdict === 'excused' || verdict === 'not-played')) return [];
  const rows = MATRIX_PACKETS.map((packet) => [
    packet,
    ...MATRIX_FAULTS.map((fault) => {
      const cells = report.matrix.filter((cell) => cell.packet === packet && cell.fault === fault);
      return cells.map(({ verdict }) => CELL_SIGNS[verdict].sign).join('');
    }),
  ]);
  const seen = new Set<string>(report.matrix.map(({ verdict }) => verdict));
  const legend = Object.entries(CELL_SIGNS).flatMap(([verdict, { sign, meaning }]) =>
    seen.has(verdict) ? [`${sign} ${meaning}`] : [],
  );
  return folded(`Fault matrix: ${matrixSummary(report)}`, [
    ...table(['packet', ...MATRIX_FAULTS], rows),
    `Each cell: receiver ${MATRIX_RECEIVERS.join(', ')}; ${legend.join(', ')}`,
  ]);
};

/** The report as Markdown: for the summary of a job, a comment, a wiki. What a subject said stands in code. */
export const renderMarkdown = (original: Report, options: RenderOptions = {}): string => {
  const report = inertReport(original);
  const { subject, kit, summary } = report;
  const { sentence, missing, next } = outcomeOf(report);
  const sign = report.exitCode === 0 ? '✅' : report.exitCode === 1 ? '❌' : '⚠️';
  const subjectWords = subject.embedded ? 'the embedded reference server' : code(subject.url || 'no subject');
  const lines = [
    `## ${sign} im-conformance: ${prose(sentence)}`,
    '',
    `Version ${kit.version} tested ${subjectWords} in ${duration(summary.durationMs)}, seed ${code(kit.seed)}.`,
    ...dialectLines(report).flatMap((line) => ['', prose(line)]),
    report.requirements.length === 0 ? '' : `${requirementCoverage(report)}.`,
    '',
    ...counts(report),
    ...missing.map((text) => `- ${prose(text)}`),
    ...(missing.length === 0 ? [] : ['']),
    ...(report.problems.length === 0 ? [] : [...codeBlock(report.problems), '']),
    ...causes(report, options),
    ...undecided(report),
    ...flaky(report),
    ...warnings(report),
    ...baseline(report),
    ...matrix(report),
    ...next.map((text) => `- Next: ${prose(text)}`),
  ];
  return `${lines
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trimEnd()}\n`;
};
