import { type ChildProcess, spawn } from 'node:child_process';

/** It ends by itself soon after its parent has, however that ended: a process that is killed can tell nobody. */
const BURN = 'const parent = process.ppid; while (process.ppid === parent) for (let i = 0; i < 2e7; i++);';

/** Starts that many processes that keep a core busy each. Returns a function that ends them. */
export const startBurners = (count: number): (() => void) => {
  const burners: ChildProcess[] = Array.from({ length: count }, () =>
    spawn(process.execPath, ['-e', BURN], { stdio: 'ignore' }),
  );
  return () => {
    for (const burner of burners) burner.kill('SIGKILL');
  };
};
