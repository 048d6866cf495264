import type { Cause, Report, ScenarioResult, Violation } from '../../schemas/index.js';
import { diagramOf, textDiagram } from './diagram/index.js';
import type { RenderOptions } from './options.js';
import { type Paint, plainPaint } from './paint.js';
import { again, labelled, packetLines, placeLines, shortIds } from './pretty-failure.js';
import { vanishWords } from './vanish-words.js';
import { bugLink, count, wrap } from './words.js';

/** A person reads one failure with its packets, and in a few words one more; the rest is what --verbose is for. */
const BRIEF = 2;
const DIAGRAM_ROWS = 14;
const ID_LINES = 3;
/** A few links show that it happens to others; of more nobody opens one. */
const BUGS = 2;
const TRACE_ROWS = 120;

/** What `pretty` is written with: the options with their defaults. */
export interface Writing extends RenderOptions {
  paint: Paint;
  width: number;
}

export const writingOf = (options: RenderOptions): Writing => ({
  ...options,
  paint: options.paint ?? plainPaint,
  width: Math.max(40, Math.min(110, options.width ?? 110)),
});

/** The violation that the cause is about: others in the same scenario may be its consequences. */
export const violationOf = (result: ScenarioResult, cause: Cause): Violation | undefined =>
  result.violations.find(
    ({ requirement, vanishPoint }) => requirement === cause.requirement && vanishPoint === cause.vanishPoint,
  ) ?? result.violations[0];

/** The picture of what happened, where the history is at hand; else the packets. */
export const pictureLines = (result: ScenarioResult, violation: Violation, writing: Writing): string[] => {
  const { paint, width, unicode = true, historyOf } = writing;
  const events = historyOf?.(result.id);
  if (events === undefined) return [...placeLines(violation, paint, width), ...packetLines(violation, paint)];
  const diagram = diagramOf(events, { violation, rows: DIAGRAM_ROWS, clients: 4 });
  const place = diagram.vanished === undefined ? placeLines(violation, paint, width) : [];
  return [...place, '', ...textDiagram(diagram, { paint, unicode, width }), ''];
};

/** Ids that follow one another on lines that wrap; a few lines of them, unless all are wanted. */
export const idLines = (
  label: string,
  ids: readonly string[],
  { paint, width, detail }: Writing,
  most = 1,
): string[] => {
  if (ids.length === 0) return [];
  const lines = wrap(ids.join(', '), width - label.length - 5);
  const shown = detail === 'verbose' ? lines : lines.slice(0, most);
  const left =
    ids.length -
    shown
      .join(' ')
      .split(' ')
      .filter((word) => word !== '').length;
  return [
    ...shown.map((line, index) => `    ${paint('dim', (index === 0 ? label : '').padEnd(label.length))}${line}`),
    ...(left > 0 ? [paint('dim', `    ${' '.repeat(label.length)}and ${left} more: --verbose names them`)] : []),
  ];
};

const bugLines = (bugs: readonly string[], { paint, width, detail }: Writing): string[] => {
  const shown = detail === 'verbose' ? bugs : bugs.slice(0, BUGS);
  const left = bugs.length - shown.length;
  const more = left === 0 ? [] : [`and ${left} more: --verbose names them`];
  return shown.length === 0 ? [] : labelled('seen in', [...shown.map(bugLink), ...more].join(' '), paint, width);
};

/** Each bug is named with the first cause that it belongs to. */
const bugsOnce = (causes: readonly Cause[]): Cause[] => {
  const told = new Set<string>();
  return causes.map((cause) => {
    const seenIn = cause.seenIn.filter((bug) => !told.has(bug));
    for (const bug of seenIn) told.add(bug);
    return { ...cause, seenIn };
  });
};

const headLine = (cause: Cause, number: number, { paint, width }: Writing): string[] => {
  const vanished = vanishWords(cause);
  const facts = [count(cause.scenarios.length, 'failure'), ...(vanished === '' ? [] : [vanished])];
  return [
    '',
    ...wrap(`CAUSE ${number}  ${cause.requirement} (${cause.level}): ${facts.join('; ')}`, width).map((line) =>
      paint('red', line),
    ),
    ...wrap(cause.sentence, width - 2).map((line) => `  ${paint('cyan', line)}`),
  ];
};

/** One cause with its example: the first one in full, with a picture; of the others what a person needs to go on. */
const causeLines = (cause: Cause, number: number, results: ReadonlyMap<string, ScenarioResult>, writing: Writing) => {
  const { paint, width } = writing;
  const result = results.get(cause.example);
  const violation = result && violationOf(result, cause);
  if (result === undefined || violation === undefined) return [];
  const inFull = number === 1 || writing.detail === 'verbose';
  return [
    ...headLine(cause, number, writing),
    `  ${paint('bold', result.id)}${again(result)}`,
    ...(inFull ? wrap(result.title, width - 2).map((line) => `  ${line}`) : []),
    ...labelled('what', shortIds(violation.message), paint, width),
    ...(inFull ? labelled('expected', shortIds(violation.expected), paint, width) : []),
    ...(inFull ? labelled('seen', shortIds(violation.seen), paint, width) : []),
    ...(number === 1 ? pictureLines(result, violation, writing) : []),
    ...(inFull && number > 1 ? placeLines(violation, paint, width) : []),
    ...(inFull && result.history !== undefined ? labelled('history', result.history, paint, width) : []),
    // Whoever copies it needs it in one piece.
    `    ${paint('dim', 'replay    ')}${result.replay}`,
    ...idLines('also      ', cause.scenarios.slice(1), writing, inFull ? ID_LINES : 1),
    ...(inFull ? bugLines(cause.seenIn, writing) : []),
  ];
};

const otherLines = (causes: readonly Cause[], { paint, width }: Writing): string[] => {
  if (causes.length === 0) return [];
  const each = causes.map(({ requirement, scenarios }) => `${requirement} (${scenarios.length})`);
  return [
    '',
    ...wrap(`and ${count(causes.length, 'more cause')}: ${each.join(', ')}`, width).map((line) => paint('red', line)),
    paint('dim', '  --verbose tells them'),
  ];
};

/** Causes, not scenarios: one example of each, the first in full, and the ids of the others. */
export const causesLines = (report: Report, failed: number, writing: Writing): string[] => {
  const { causes } = report;
  if (failed === 0) return [];
  const results = new Map(report.scenarios.map((result) => [result.id, result]));
  const shown = bugsOnce(writing.detail === 'verbose' ? causes : causes.slice(0, BRIEF));
  return [
    '',
    writing.paint('red', `${count(failed, 'failure')}, ${count(causes.length, 'cause')}`),
    ...shown.flatMap((cause, index) => causeLines(cause, index + 1, results, writing)),
    ...otherLines(causes.slice(shown.length), writing),
  ];
};

/** A picture of a scenario, whatever came of it. */
export const traceLines = (report: Report, { trace = [], historyOf, ...writing }: Writing): string[] =>
  trace.flatMap((id) => {
    const { paint, unicode = true, width } = writing;
    const result = report.scenarios.find((one) => one.id === id);
    const events = historyOf?.(id);
    const title = `${paint('cyan', 'TRACE')} ${paint('bold', id)}: ${result?.verdict ?? 'not played'}`;
    if (events === undefined) return ['', title, ...wrap(result?.reason ?? 'there is no history of it', width)];
    return ['', title, ...textDiagram(diagramOf(events, { rows: TRACE_ROWS }), { paint, unicode, width })];
  });
