import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Resource } from '../../../schemas/index.js';
import { freeDescriptor, processesOf } from './group.js';

/** What still fits on the full disk: less than a message needs, so that the write which meets the limit is torn. */
const LEFT_BYTES = 100;
/** Far more than a system with an answer needs. */
const BOUND_MS = 5_000;

const run = (words: readonly string[]): SpawnSyncReturns<string> =>
  spawnSync('prlimit', words, { encoding: 'utf8', timeout: BOUND_MS, stdio: ['ignore', 'pipe', 'pipe'] });

export const WHY_NO_LIMITS = 'prlimit is not installed: apt-get install util-linux';

/** Why the resources of a process cannot be cut on this machine; nothing when they can. */
export const whyNoLimits = (): string | undefined =>
  process.platform === 'linux' && run(['--version']).status === 0 ? undefined : WHY_NO_LIMITS;

/** The size of the file below the folder that was written last: what is written next most likely goes there. */
const lastWrittenBytes = (folder: string): number | undefined => {
  let last: { mtimeMs: number; size: number } | undefined;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    // A store may remove a file at any moment.
    const found = statSync(join(entry.parentPath ?? entry.path, entry.name), { throwIfNoEntry: false });
    if (found !== undefined && (last === undefined || found.mtimeMs >= last.mtimeMs)) last = found;
  }
  return last?.size;
};

const OPTION: Record<Resource, string> = { disk: '--fsize', descriptors: '--nofile' };

/** Only the soft limit: nobody needs rights to raise it again. */
const setSoft = (pid: number, resource: Resource, value: number | string): boolean =>
  run(['--pid', String(pid), `${OPTION[resource]}=${value}:`]).status === 0;

const softOf = (pid: number, resource: Resource): string =>
  run(['--pid', String(pid), OPTION[resource], '--output', 'SOFT', '--raw', '--noheadings']).stdout?.trim() ?? '';

/**
 * Takes a resource from the processes of a group: files cannot grow any more, as on a full disk, or no further file and
 * connection can be opened. Returns what gives it back. Where nothing could be taken, that is found out by what the
 * subject then does.
 */
export const takeFrom = (pgid: number, data: string, resource: Resource): (() => void) => {
  const taken: { pid: number; before: string }[] = [];
  const written = resource === 'disk' ? lastWrittenBytes(data) : 0;
  if (written === undefined) return () => undefined;
  for (const pid of processesOf(pgid)) {
    const before = softOf(pid, resource);
    const limit = resource === 'disk' ? written + LEFT_BYTES : freeDescriptor(pid);
    if (before !== '' && limit !== undefined && setSoft(pid, resource, limit)) taken.push({ pid, before });
  }
  return () => {
    // Once only: later the number of a process may be that of another one.
    for (const { pid, before } of taken.splice(0)) setSoft(pid, resource, before);
  };
};
