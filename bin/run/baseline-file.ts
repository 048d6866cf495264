import { existsSync } from 'node:fs';
import type { Report, ScenarioResult } from '../../schemas/index.js';
import { KitError } from '../../src/errors.js';
import { Baseline, type BaselineEntry, parseEntry, timesOf } from '../../src/harness/run/baseline.js';
import { withBaseline } from '../../src/harness/run/merge-reports.js';
import { type BaselineLine, baselineLines, readBaseline } from '../../src/options/baseline-source.js';
import { count } from '../../src/report/words.js';
import { writeAtomically } from './write-atomically.js';

const HEADING =
  '# Known failures, one a line: a scenario, a glob or a requirement; what fails now and then as `NAME flaky 2 of 10`.';

const flakyText = (names: string, failed: number, played: number): string => `${names} flaky ${failed} of ${played}`;

/** The entry with what this run adds to its rate: of what fails now and then, how often of how many times. */
const renewedEntry = (entry: BaselineEntry, result: ScenarioResult | undefined): string => {
  if (result === undefined || entry.names !== result.id) return entry.text;
  const { failed, played } = timesOf(result);
  if (entry.flaky !== undefined)
    return flakyText(entry.names, entry.flaky.failed + failed, entry.flaky.played + played);
  return failed > 0 && failed < played ? flakyText(entry.names, failed, played) : entry.text;
};

const entriesIn = (lines: readonly BaselineLine[]): number => lines.filter(({ text }) => text !== '').length;

const newLine = (result: ScenarioResult): BaselineLine => {
  const { failed, played } = timesOf(result);
  const text = failed < played ? flakyText(result.id, failed, played) : result.id;
  const [first] = result.violations;
  return { text, comment: first === undefined ? '' : `  # ${first.requirement}: why is this known?` };
};

/** The file after this run: entries of which nothing fails go, new failures come, every comment stays with its entry. */
export const renewedBaseline = (
  content: string,
  report: Report,
): { content: string; entries: string[]; added: number; removed: number } => {
  const stale = new Set(report.summary.staleBaseline);
  const results = new Map(report.scenarios.map((result) => [result.id, result]));
  const old = baselineLines(content);
  const kept = old.flatMap((line): BaselineLine[] => {
    const entry = parseEntry(line.text);
    if (entry === undefined) return [line];
    return stale.has(entry.text) ? [] : [{ ...line, text: renewedEntry(entry, results.get(entry.names)) }];
  });
  const baseline = new Baseline(kept.flatMap(({ text }) => parseEntry(text) ?? []));
  const added = report.scenarios
    .filter((result) => result.verdict === 'failed' && !baseline.knows(result))
    .map(newLine);
  while (kept.at(-1)?.text === '' && kept.at(-1)?.comment === '') kept.pop();
  const lines = [...(kept.length === 0 ? [{ text: '', comment: HEADING }] : kept), ...added];
  return {
    content: `${lines.map(({ text, comment }) => text + comment).join('\n')}\n`,
    entries: lines.flatMap(({ text }) => (text === '' ? [] : [text])),
    added: added.length,
    removed: entriesIn(old) - entriesIn(kept),
  };
};

/**
 * Writes what fails in this run into the file of `--update-baseline`, and judges the report by it. A run that did not come
 * to its end knows too little, and changes nothing. Throws a usage KitError where the file cannot be written.
 */
export const updateBaseline = (report: Report, file: string, tell: (text: string) => void): Report => {
  if (!report.complete) {
    tell(`${file} is left as it is: the run did not come to its end`);
    return report;
  }
  const { content, entries, added, removed } = renewedBaseline(existsSync(file) ? readBaseline(file) : '', report);
  try {
    writeAtomically(file, content);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unwritable';
    throw new KitError('usage', `cannot write the baseline ${file} (${code})`, 'Name a file that can be written.', {
      cause,
    });
  }
  tell(`${file} has ${count(entries.length, 'known failure')} now: ${added} added, ${removed} taken out`);
  return withBaseline(report, entries);
};
