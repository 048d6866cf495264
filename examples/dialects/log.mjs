// What the small servers of this folder keep: a file of JSON lines. What was stored survives a kill, and a full disk.
import { closeSync, existsSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';

/**
 * Reads the entries, and returns the function that stores a further one. That throws where it cannot, and then nothing
 * of the entry is in the file.
 */
export const openLog = (path, onEntry) => {
  const bytes = existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
  // A line that a kill cut short was answered to nobody, and must not be the beginning of the next one.
  let size = bytes.lastIndexOf('\n') + 1;
  for (const line of bytes.subarray(0, size).toString().split('\n')) if (line !== '') onEntry(JSON.parse(line));
  const file = openSync(path, 'a');
  process.on('exit', () => closeSync(file));
  ftruncateSync(file, size);
  return (entry) => {
    const line = Buffer.from(`${JSON.stringify(entry)}\n`);
    try {
      // A disk with little room takes a part of it, without an error.
      for (let done = 0; done < line.length; ) done += writeSync(file, line, done);
      fsyncSync(file);
      size += line.length;
    } catch (error) {
      ftruncateSync(file, size);
      throw error;
    }
  };
};

/** The object that a frame holds, or undefined. */
export const parsed = (data) => {
  try {
    const value = JSON.parse(String(data));
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
};
