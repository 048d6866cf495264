import { readdirSync, readFileSync } from 'node:fs';

/** Sends a signal to a whole process group. False: the group does not exist any more. */
export const signalGroup = (pgid: number, signal: NodeJS.Signals | 0): boolean => {
  try {
    process.kill(-pgid, signal);
    return true;
  } catch (error) {
    // EPERM: the group exists, but belongs to somebody else by now (a set-uid program).
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

/**
 * Whether a process of the group still runs. A process that has ended but was never collected by its parent does not
 * count: in a container without an init process it would stay for ever, and no signal could remove it.
 */
export const groupAlive = (pgid: number): boolean => {
  return signalGroup(pgid, 0) && !hasOnlyZombies(pgid);
};

/** True only where the system shows its processes as files (Linux) and each one of the group has ended. */
const hasOnlyZombies = (pgid: number): boolean => {
  let members = 0;
  for (const pid of listedProcesses()) {
    const stat = readProcessFile(pid, 'stat');
    // The name of the program stands in parentheses and may hold anything, so the fields start after the last one.
    const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (Number(group) !== pgid) continue;
    if (state !== 'Z' && state !== 'X') return false;
    members++;
  }
  return members > 0;
};

/** The processes of a group that run; none where the system does not show them (Linux does). */
export const processesOf = (pgid: number): number[] =>
  listedProcesses().filter((pid) => {
    const stat = readProcessFile(pid, 'stat');
    const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(group) === pgid && state !== 'Z' && state !== 'X';
  });

/** Whether a process has that library in its memory; false where the system does not show it. */
export const hasLoaded = (pid: number, library: string): boolean => readProcessFile(pid, 'maps').includes(library);

/** The lowest descriptor that a process does not use; undefined: it has ended, or is somebody else's. */
export const freeDescriptor = (pid: number): number | undefined => {
  try {
    const used = new Set(readdirSync(`/proc/${pid}/fd`).map(Number));
    let free = 0;
    while (used.has(free)) free += 1;
    return free;
  } catch {
    return undefined;
  }
};

/** Resident memory of all processes of a group, bytes; undefined where the system does not show it (Linux does). */
export const groupMemory = (pgid: number): number | undefined => {
  let bytes: number | undefined;
  for (const pid of listedProcesses()) {
    const stat = readProcessFile(pid, 'stat');
    const [, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (Number(group) !== pgid) continue;
    const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readProcessFile(pid, 'status'))?.[1];
    if (kibibytes !== undefined) bytes = (bytes ?? 0) + Number(kibibytes) * 1_024;
  }
  return bytes;
};

/**
 * Whether every process of the group is stopped (SIGSTOP), and each one that was started with this data folder in its
 * environment and left the group. Undefined where the system does not show it (Linux does).
 */
export const standsStill = (pgid: number, dataDir: string): boolean | undefined => {
  const listed = listedProcesses();
  if (listed.length === 0) return undefined;
  const mark = `DATA_DIR=${dataDir}`;
  let stopped = 0;
  for (const pid of listed) {
    const stat = readProcessFile(pid, 'stat');
    const [state = 'X', , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (pid === process.pid || state === 'Z' || state === 'X') continue;
    const isStopped = state === 'T' || state === 't';
    if (Number(group) === pgid) stopped += 1;
    else if (isStopped || !readProcessFile(pid, 'environ').split('\0').includes(mark)) continue;
    if (!isStopped) return false;
  }
  return stopped > 0;
};

/**
 * Kills processes that were started with this data folder in their environment but left the process group (a daemon).
 * Returns their ids. Only Linux shows the environment of a process; elsewhere nothing is found.
 */
export const killStrays = (dataDir: string): number[] => {
  const mark = `DATA_DIR=${dataDir}`;
  const strays = listedProcesses().filter(
    (pid) => pid !== process.pid && readProcessFile(pid, 'environ').split('\0').includes(mark),
  );
  for (const pid of strays) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended between the look and the signal.
    }
  }
  return strays;
};

const listedProcesses = (): number[] => {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
};

const readProcessFile = (pid: number, name: string): string => {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'latin1');
  } catch {
    return '';
  }
};
