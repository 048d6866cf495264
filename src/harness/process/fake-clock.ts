import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KitError } from '../../errors.js';
import { guardFolder, releaseFolder } from './guard.js';

const LIBRARY = join('faketime', 'libfaketimeMT.so.1');

/** Debian puts the library below the folder of its architecture, others into lib itself. */
const findLibrary = (root = '/usr/lib'): string | undefined => {
  if (process.platform !== 'linux') return undefined;
  const folders = [root, '/usr/local/lib'];
  try {
    folders.push(
      ...readdirSync(root)
        .filter((name) => name.endsWith('-linux-gnu'))
        .map((name) => join(root, name)),
    );
  } catch {
    // A system without that folder has no such library there.
  }
  return folders.map((folder) => join(folder, LIBRARY)).find((path) => existsSync(path));
};

export const WHY_NO_CLOCK = 'libfaketime is not installed: apt-get install libfaketime';

/** Why the clock of a process cannot be set on this machine; nothing when it can. */
export const whyNoClock = (): string | undefined => (findLibrary() === undefined ? WHY_NO_CLOCK : undefined);

/**
 * A wall clock for one process that can be set while the process runs: libfaketime reads the offset from a file. Timers
 * are left alone: they follow the clock that no administrator sets.
 */
export class FakeClock {
  readonly #folder: string;
  readonly environment: Record<string, string>;

  constructor() {
    const library = findLibrary();
    if (library === undefined)
      throw new KitError('kit', 'the library for clocks is gone', 'Install libfaketime again.');
    this.#folder = mkdtempSync(join(tmpdir(), 'im-conformance-clock-'));
    guardFolder(this.#folder);
    this.environment = {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      // Its repair of timed waits on a monotonic clock makes those of a JVM end at once, so that its threads spin.
      FAKETIME_FORCE_MONOTONIC_FIX: '0',
      FAKETIME_DONT_RESET: '1',
    };
    this.set(0);
  }

  get #file(): string {
    return join(this.#folder, 'offset');
  }

  /** Milliseconds off the true time. */
  set(offsetMs: number): void {
    const seconds = offsetMs / 1_000;
    this.#write(`${seconds < 0 ? '' : '+'}${seconds.toFixed(3)}`);
  }

  /** Stands still at the whole second that the clock would show, in the time zone that the process has from the kit. */
  stop(offsetMs: number): void {
    const at = new Date(Date.now() + offsetMs);
    const two = (part: number): string => String(part).padStart(2, '0');
    const day = [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate())].join('-');
    this.#write(`${day} ${[at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(':')}`);
  }

  #write(time: string): void {
    const next = `${this.#file}.next`;
    writeFileSync(next, `${time}\n`);
    // A reader sees the old time or the new one, never half a file.
    renameSync(next, this.#file);
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
    releaseFolder(this.#folder);
  }
}
