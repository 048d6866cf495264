import { type ChildProcess, spawn } from 'node:child_process';

/**
 * Reads `+ GROUP`, `- GROUP` and `/ FOLDER` until the kit is gone, whatever ended it, then kills the groups that are
 * left and removes the folders. It ignores the signals that a terminal sends to all of its programs.
 */
const SCRIPT = `
trap '' HUP INT QUIT TERM
groups=' '
folders=''
while read -r sign group; do
  case $sign in
    +) groups="$groups$group " ;;
    -) groups="\${groups%% $group *} \${groups#* $group }" ;;
    /) folders="$folders$group
" ;;
  esac
done
for group in $groups; do kill -s KILL -- "-$group" 2>/dev/null; done
printf '%s' "$folders" | while IFS= read -r folder; do rm -rf -- "$folder"; done
`;

let watchdog: ChildProcess | undefined;

/** One process of its own, started with the first group: a kit that is killed with SIGKILL cannot end its servers itself. */
const start = (): ChildProcess => {
  const child = spawn('/bin/sh', ['-c', SCRIPT], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  // Without it only a SIGKILL of the kit leaves servers behind: no reason to end a run.
  child.on('error', () => undefined);
  child.stdin?.on('error', () => undefined);
  child.unref();
  return child;
};

const tell = (sign: '+' | '-' | '/', what: number | string): void => {
  watchdog ??= start();
  watchdog.stdin?.write(`${sign} ${what}\n`);
};

/** The group is killed when the kit is gone. */
export const watchGroup = (pgid: number): void => tell('+', pgid);

/** The group has ended: its number may belong to somebody else from now on. */
export const forgetGroup = (pgid: number): void => tell('-', pgid);

/** The folder is removed when the kit is gone, if it is still there. */
export const watchFolder = (folder: string): void => tell('/', folder);
