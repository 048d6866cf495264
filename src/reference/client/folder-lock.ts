import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ClientError } from './types.js';

const FILE = 'client.lock';
/** A process that was just killed may need this long until the system knows. */
const PATIENCE_MS = 2_000;
const LOOK_EVERY_MS = 50;

/**
 * What tells a process from a later one with the same number: when it began. Undefined: there is no such process, or
 * it has ended and only its parent has not looked yet. Empty: the system does not say.
 */
const beginOf = (pid: number): string | undefined => {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
  } catch {
    try {
      process.kill(pid, 0);
      return '';
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'EPERM' ? '' : undefined;
    }
  }
};

const holderOf = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
};

const isHeld = (path: string): boolean => {
  const [pid = '', begin = ''] = holderOf(path)?.split(' ') ?? [];
  if (!/^\d+$/.test(pid)) return false;
  const now = beginOf(Number(pid));
  return now !== undefined && now === begin;
};

/** Keeps a second process, or a second client of this one, out of a folder. Returns what ends that. */
export const lockFolder = async (folder: string): Promise<() => void> => {
  const path = join(folder, FILE);
  const deadline = performance.now() + PATIENCE_MS;
  while (isHeld(path)) {
    if (performance.now() > deadline)
      throw new ClientError(
        'storage',
        `${folder} is in use by process ${holderOf(path)?.split(' ')[0]}`,
        'Give each client its own folder.',
      );
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  writeFileSync(path, `${process.pid} ${beginOf(process.pid) ?? ''}`);
  return () => rmSync(path, { force: true });
};
