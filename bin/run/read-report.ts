import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type HistoryEvent, REPORT_VERSION, type Report, ReportSchema } from '../../schemas/index.js';
import { KitError } from '../../src/errors.js';
import { readHistory } from '../../src/history/index.js';
import { validator } from '../../src/wire/index.js';

const parse = (file: string, text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const what = text.trim() === '' ? 'is empty' : 'is no JSON';
    throw new KitError('usage', `${file} ${what}`, 'Name a report that --report json=FILE wrote.', { cause });
  }
};

/** Reads a JSON report of this version. Throws a usage KitError that says what else the file is. */
export const readReport = (file: string): Report => {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unreadable';
    throw new KitError('usage', `cannot read the report ${file} (${code})`, 'Check the name of the file.', { cause });
  }
  const value = parse(file, text) as Report;
  const { version } = value ?? {};
  if (typeof version === 'number' && version !== REPORT_VERSION) {
    const message = `${file} is a report of version ${version}, and this kit reads version ${REPORT_VERSION}`;
    throw new KitError('usage', message, 'Make it again with this version of the kit.');
  }
  const [fault] = validator(ReportSchema)(value);
  if (fault === undefined) return value;
  throw new KitError(
    'usage',
    `${file} is no report of this kit: ${fault}`,
    'Name a report that --report json=FILE wrote.',
  );
};

/** Where a history is: as the report names it from the folder of its run, or from where the report itself lies. */
const historyFile = (file: string, named: string): string | undefined =>
  [named, resolve(dirname(file), named)].find((path) => existsSync(path));

/** Finds the histories of the scenarios of these reports, where they were kept and are still there. */
export const historyFinder = (
  reports: readonly { name: string; report: Report }[],
): ((id: string) => Iterable<HistoryEvent> | undefined) => {
  const files = new Map<string, string>();
  for (const { name, report } of reports) {
    for (const { id, history } of report.scenarios) {
      const path = history === undefined ? undefined : historyFile(name, history);
      if (path !== undefined) files.set(id, path);
    }
  }
  return (id) => {
    const path = files.get(id);
    return path === undefined ? undefined : readHistory(path);
  };
};
