import { spawn, spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { type Figure, median } from './figure.js';
import { kitProgram } from './kit-program.js';
import { timedCommand } from './timed-command.js';

const ROUNDS = 7;
const BOUND_MS = 60_000;
/** Where Node alone starts in 0.1 s, as on a slow machine that is idle, that is 1.5 s. */
const MOST_STARTS = 15;
const CTRL_C = '\u0003';

/** The live line begins with how many scenarios are done, of how many: the first one that is not 0. */
const FIRST_RESULT = /(?:^|[\s\u001b[K])([1-9]\d*)\/\d+ · /;

/** How long a person at a terminal waits for the first result. `script` makes the terminal; Ctrl-C then ends the run. */
const firstResultMs = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const command = `exec '${process.execPath}' '${kitProgram}'`;
    const from = performance.now();
    const child = spawn('script', ['-qfec', command, '/dev/null'], {
      cwd: tmpdir(),
      env: { ...process.env, TERM: 'xterm' },
      stdio: ['pipe', 'pipe', 'ignore'],
      timeout: BOUND_MS,
    });
    let text = '';
    let found: number | undefined;
    child.stdout.on('data', (chunk) => {
      text += chunk;
      if (found !== undefined || !FIRST_RESULT.test(text)) return;
      found = performance.now() - from;
      child.stdin.write(CTRL_C);
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (found !== undefined) resolve(found);
      else reject(new Error(`no result was seen; script ended with ${code}: ${text.slice(-300)}`));
    });
  });

/** The embedded reference server is tested, and so started, too: what a new user sees first. */
export const benchFirstResult = async (): Promise<Figure[]> => {
  if (spawnSync('script', ['--version']).status !== 0) throw new Error('script is missing: apt-get install bsdutils');
  const found: number[] = [];
  const ratios: number[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const bare = timedCommand([process.execPath, '-e', '0'], tmpdir(), BOUND_MS).wallMs;
    const ms = await firstResultMs();
    // The first round fills the caches of the disk.
    if (round === 0) continue;
    found.push(ms);
    ratios.push(ms / bare);
  }
  return [
    {
      name: 'first result on a terminal',
      value: median(found) / 1_000,
      unit: 's',
      target: { atMost: 2 },
      detail: `from the command to the first scenario that is done, server started; median of ${ROUNDS}, slowest ${(Math.max(...found) / 1_000).toFixed(2)} s`,
    },
    {
      name: 'first result on a terminal ÷ node -e 0',
      value: median(ratios),
      unit: 'ratio',
      target: { atMost: MOST_STARTS },
      detail: `median of ${ROUNDS} pairs: on a busy machine this says more than the seconds`,
    },
  ];
};
