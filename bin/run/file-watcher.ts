import { type FSWatcher, readdirSync, statSync, watch } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { KitError } from '../../src/errors.js';

/** An editor writes a file in several steps: a change counts when nothing more came for that long. */
const QUIET_MS = 200;
/** What changes without end is taken as it is after that long. */
const LONGEST_MS = 3_000;
/** Where the system watches no more folders, they are looked at so often. */
const POLL_MS = 1_000;
const MAX_FILES = 20_000;
const SKIPPED: ReadonlySet<string> = new Set(['node_modules', '.git']);

/** What a file was like when it was looked at. */
type Stamps = Map<string, string>;

/** Waits for changes of files below some paths. What is installed, and what the kit itself writes, is no change. */
export class FileWatcher {
  readonly #paths: readonly string[];
  readonly #ignored: readonly string[];
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #changed = new Set<string>();
  #stamps: Stamps;
  #quiet: NodeJS.Timeout | undefined;
  #poll: NodeJS.Timeout | undefined;
  #since = 0;
  #wake: (() => void) | undefined;

  /** Throws a usage KitError for a path that is not there, and for one that holds more files than anybody edits. */
  constructor(paths: readonly string[], ignored: readonly string[] = []) {
    this.#paths = paths.map((path) => resolve(path));
    this.#ignored = ignored.map((path) => resolve(path));
    for (const [index, path] of this.#paths.entries()) {
      if (statSync(path, { throwIfNoEntry: false }) !== undefined) continue;
      throw new KitError('usage', `--watch ${paths[index]}: there is no such file or folder`, 'Check its name.');
    }
    this.#stamps = this.#look();
  }

  /** Resolves with the files that changed since the last call, or with nothing when the signal aborts. */
  async next(signal: AbortSignal): Promise<string[] | undefined> {
    while (this.#changed.size === 0 && !signal.aborted) {
      await new Promise<void>((done) => {
        this.#wake = done;
        signal.addEventListener('abort', () => done(), { once: true });
      });
    }
    const files = [...this.#changed].sort();
    this.#changed.clear();
    return signal.aborted ? undefined : files;
  }

  close(): void {
    clearTimeout(this.#quiet);
    clearInterval(this.#poll);
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  /** Walks through everything, and listens to folders that are new. */
  #look(): Stamps {
    const stamps: Stamps = new Map();
    for (const path of this.#paths) this.#visit(path, stamps, true);
    return stamps;
  }

  #visit(path: string, stamps: Stamps, named = false): void {
    if (this.#isIgnored(path, named)) return;
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats?.isFile()) {
      stamps.set(path, `${stats.mtimeMs} ${stats.size}`);
      if (stamps.size > MAX_FILES) {
        const message = `--watch: there are more than ${MAX_FILES} files below ${this.#paths.join(', ')}`;
        throw new KitError('usage', message, 'Name the folder that holds the source.');
      }
      // A file that is replaced is another one: its folder tells of both.
      if (named) this.#listen(dirname(path));
    } else if (stats?.isDirectory()) {
      this.#listen(path);
      for (const name of namesIn(path)) this.#visit(join(path, name), stamps);
    }
  }

  #isIgnored(path: string, named: boolean): boolean {
    if (!named && SKIPPED.has(basename(path))) return true;
    return this.#ignored.some((other) => path === other || path === `${other}.part` || path.startsWith(`${other}/`));
  }

  #listen(folder: string): void {
    if (this.#watchers.has(folder) || this.#poll !== undefined) return;
    try {
      const watcher = watch(folder, () => this.#stir());
      watcher.on('error', () => this.#forget(folder));
      this.#watchers.set(folder, watcher);
    } catch {
      this.#poll = setInterval(() => this.#compare(), POLL_MS);
    }
  }

  #forget(folder: string): void {
    this.#watchers.get(folder)?.close();
    this.#watchers.delete(folder);
  }

  #stir(): void {
    const now = performance.now();
    if (this.#quiet === undefined) this.#since = now;
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => this.#compare(), Math.min(QUIET_MS, Math.max(0, this.#since + LONGEST_MS - now)));
  }

  #compare(): void {
    this.#quiet = undefined;
    const before = this.#stamps;
    this.#stamps = this.#look();
    for (const path of new Set([...before.keys(), ...this.#stamps.keys()]))
      if (before.get(path) !== this.#stamps.get(path)) this.#changed.add(path);
    if (this.#changed.size > 0) this.#wake?.();
  }
}

/** A folder that has just gone holds nothing. */
const namesIn = (folder: string): string[] => {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
};
