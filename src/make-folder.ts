import { mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

/**
 * Makes a folder and those above it, one by one: the recursion of Node's `mkdir` never ends where a file system refuses
 * with ENOENT, as /proc does. Throws what the system says.
 */
export const makeFolder = (path: string): void => {
  const folder = resolve(path);
  if (isFolder(folder)) return;
  if (dirname(folder) !== folder) makeFolder(dirname(folder));
  try {
    mkdirSync(folder);
  } catch (cause) {
    // Somebody else may have made it in between.
    if (!isFolder(folder)) throw cause;
  }
};
