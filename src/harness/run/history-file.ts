import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { HistoryEvent } from '../../../schemas/index.js';
import { KitError } from '../../errors.js';
import { makeFolder } from '../../make-folder.js';

/** `server/core/plain-exchange#x` → `server/core/plain-exchange--x.ndjson`. */
export const historyPath = (folder: string, id: string): string =>
  join(folder, `${id.replace('#', '--').replaceAll(/[^A-Za-z0-9./_-]/g, '_')}.ndjson`);

/** Characters that are written in one go: a long history is longer than any text can be, and must hold up nobody else. */
const CHUNK_LENGTH = 1_000_000;

const writeLines = async (path: string, events: readonly HistoryEvent[]): Promise<void> => {
  const file = await open(path, 'w');
  try {
    let chunk = '';
    for (const event of events) {
      chunk += `${JSON.stringify(event)}\n`;
      if (chunk.length < CHUNK_LENGTH) continue;
      await file.write(chunk);
      chunk = '';
    }
    await file.write(chunk);
  } finally {
    await file.close();
  }
};

/** Writes one history, an event a line, and tells where. Rejects with a usage KitError when the folder cannot be written. */
export const writeHistory = async (folder: string, id: string, events: readonly HistoryEvent[]): Promise<string> => {
  const path = historyPath(folder, id);
  try {
    makeFolder(dirname(path));
    await writeLines(path, events);
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
