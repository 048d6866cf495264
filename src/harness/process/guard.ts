import { rmSync } from 'node:fs';
import { killStrays, signalGroup } from './group.js';
import { forgetGroup, watchFolder, watchGroup } from './watchdog.js';

/** Every process group that the kit has started and that may still run. */
const groups = new Set<number>();
/** Every data folder that the kit has made and not yet removed. */
const folders = new Set<string>();
let installed = false;

/**
 * Makes sure that this group does not outlive the kit, however the kit ends: by returning, by `process.exit`, by an
 * uncaught error, or killed. Signals that can be caught are the command line's business; it ends through `process.exit`.
 */
export const guardGroup = (pgid: number): void => {
  install();
  groups.add(pgid);
  watchGroup(pgid);
};

/** The group has ended. It must never be signalled again, because the system may give its number to somebody else. */
export const releaseGroup = (pgid: number): void => {
  groups.delete(pgid);
  forgetGroup(pgid);
};

/** The folder is removed when the kit ends, however it does, together with any process that was started on it. */
export const guardFolder = (folder: string): void => {
  install();
  folders.add(folder);
  watchFolder(folder);
};

export const releaseFolder = (folder: string): void => {
  folders.delete(folder);
};

const install = (): void => {
  if (installed) return;
  installed = true;
  process.on('exit', () => {
    for (const pgid of groups) signalGroup(pgid, 'SIGKILL');
    for (const folder of folders) {
      killStrays(folder);
      try {
        rmSync(folder, { recursive: true, force: true, maxRetries: 2 });
      } catch {
        // Nobody is left to be told.
      }
    }
  });
};
