import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { HistoryEvent } from '../../schemas/index.js';
import { KitError } from '../errors.js';

/** `server/core/plain-exchange#x` → `server/core/plain-exchange--x.ndjson`. */
export const historyPath = (folder: string, id: string): string =>
  join(folder, `${id.replace('#', '--').replaceAll(/[^A-Za-z0-9./_-]/g, '_')}.ndjson`);

/** Writes one history, an event a line. Throws a usage KitError when the folder cannot be written. */
export const writeHistory = (folder: string, id: string, events: readonly HistoryEvent[]): string => {
  const path = historyPath(folder, id);
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, events.map((event) => `${JSON.stringify(event)}\n`).join(''));
  } catch (cause) {
    throw new KitError('usage', `--history: ${path} cannot be written`, 'Name a folder that can be written.', {
      cause,
    });
  }
  return path;
};
