import { type ChildProcess, spawn } from 'node:child_process';

/**
 * Reads `+ GROUP` and `- GROUP` until the kit is gone, whatever ended it, and then kills the groups that are left. It
 * ignores the signals that a terminal sends to all of its programs.
 */
const SCRIPT = `
trap '' HUP INT QUIT TERM
groups=' '
while read -r sign group; do
  case $sign in
    +) groups="$groups$group " ;;
    -) groups="\${groups%% $group *} \${groups#* $group }" ;;
  esac
done
for group in $groups; do kill -s KILL -- "-$group" 2>/dev/null; done
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

const tell = (sign: '+' | '-', pgid: number): void => {
  watchdog ??= start();
  watchdog.stdin?.write(`${sign} ${pgid}\n`);
};

/** The group is killed when the kit is gone. */
export const watchGroup = (pgid: number): void => tell('+', pgid);

/** The group has ended: its number may belong to somebody else from now on. */
export const forgetGroup = (pgid: number): void => tell('-', pgid);
