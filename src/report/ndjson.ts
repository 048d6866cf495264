import type { Report } from '../../schemas/index.js';
import { inertJson } from './inert.js';

/**
 * The report as lines of JSON, for programs that read a line at a time: `run` says what was tested, `scenario` is one
 * result, `end` has the verdict. The members are those of the JSON report.
 */
export const renderNdjson = (report: Report): string => {
  const { scenarios, requirements: _, matrix: __, complete, exitCode, problems, summary, causes, ...run } = report;
  const lines = [
    { kind: 'run', ...run },
    ...scenarios.map((result) => ({ kind: 'scenario', ...result })),
    { kind: 'end', complete, exitCode, problems, summary, causes },
  ];
  return lines.map((line) => `${inertJson(JSON.stringify(line))}\n`).join('');
};
