import { type FileHandle, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../../make-folder.js';
import { lockFolder } from './folder-lock.js';
import type { ClientStorage, StorageChange } from './storage.js';
import { ClientError } from './types.js';

const FILE = 'client.ndjson';
/** A journal is written anew when it is this large and mostly history. */
const COMPACT_BYTES = 1024 * 1024;
const COMPACT_FACTOR = 4;

/** One line is one step of storage: whole or not there. The last line of a process that was killed may be torn. */
const replay = (text: string, records: Map<string, unknown>): void => {
  const lines = text.split('\n');
  lines.pop();
  for (const line of lines) {
    for (const { key, value } of JSON.parse(line) as StorageChange[]) {
      if (value === undefined) records.delete(key);
      else records.set(key, value);
    }
  }
};

const readOld = async (path: string): Promise<string> => {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw cause;
  }
};

/** How a journal is kept. */
export interface JournalOptions {
  /** Waits until the disk has it, not only the system: survives a loss of power, and costs some milliseconds each time. */
  readonly sync?: boolean;
}

/**
 * Keeps the records in one file of a folder: each step is one appended line, so a crash of the process at any moment
 * leaves all of a step or nothing of it. One process at a time; a second one is refused.
 */
export const journalStorage = (folder: string, { sync = false }: JournalOptions = {}): ClientStorage => {
  const path = join(folder, FILE);
  const records = new Map<string, unknown>();
  let file: FileHandle | undefined;
  let unlock = (): void => {};
  let bytes = 0;
  let liveBytes = 0;

  /** Writes the records into a new file and puts it into the place of the old one, which is whole until then. */
  const compact = async (): Promise<void> => {
    const changes: StorageChange[] = [...records].map(([key, value]) => ({ key, value }));
    const text = changes.length === 0 ? '' : `${JSON.stringify(changes)}\n`;
    const fresh = await open(`${path}.new`, 'w');
    await fresh.writeFile(text);
    await fresh.datasync();
    await rename(`${path}.new`, path);
    await file?.close();
    file = fresh;
    bytes = Buffer.byteLength(text);
    liveBytes = bytes;
  };

  return {
    load: async () => {
      makeFolder(folder);
      unlock = await lockFolder(folder);
      try {
        replay(await readOld(path), records);
        await rm(`${path}.new`, { force: true });
        await compact();
      } catch (cause) {
        unlock();
        throw new ClientError('storage', `${path} cannot be read`, 'Move it away to begin anew.', { cause });
      }
      return records;
    },
    write: async (changes) => {
      const line = `${JSON.stringify(changes)}\n`;
      await (file as FileHandle).appendFile(line);
      if (sync) await (file as FileHandle).datasync();
      for (const { key, value } of changes) {
        if (value === undefined) records.delete(key);
        else records.set(key, value);
      }
      bytes += Buffer.byteLength(line);
      if (bytes > COMPACT_BYTES && bytes > liveBytes * COMPACT_FACTOR) await compact();
    },
    close: async () => {
      await file?.close();
      file = undefined;
      unlock();
    },
  };
};
