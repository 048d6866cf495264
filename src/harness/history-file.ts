import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { HistoryEvent } from '../../schemas/index.js';
import { KitError } from '../errors.js';
import { makeFolder } from '../make-folder.js';

/** `server/core/plain-exchange#x` → `server/core/plain-exchange--x.ndjson`. */
export const historyPath = (folder: string, id: string): string =>
  join(folder, `${id.replace('#', '--').replaceAll(/[^A-Za-z0-9./_-]/g, '_')}.ndjson`);

/** Writes one history, an event a line. Throws a usage KitError when the folder cannot be written. */
export const writeHistory = (folder: string, id: string, events: readonly HistoryEvent[]): string => {
  const path = historyPath(folder, id);
  try {
    makeFolder(dirname(path));
    writeFileSync(path, events.map((event) => `${JSON.stringify(event)}\n`).join(''));
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unwritable';
    throw new KitError(
      'usage',
      `the history ${path} cannot be written (${code})`,
      'Give --history a folder that can be written and has room.',
      { cause },
    );
  }
  return path;
};
