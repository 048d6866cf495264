import { spawnSync } from 'node:child_process';
import { type Figure, median } from './figure.js';
import { kitProgram } from './kit-program.js';

const PAIRS = 31;
const WARM_UP = 3;

const timeOf = (words: readonly string[]): number => {
  const from = performance.now();
  const { status, stderr } = spawnSync(process.execPath, words, { stdio: ['ignore', 'ignore', 'pipe'] });
  const took = performance.now() - from;
  if (status !== 0) throw new Error(`node ${words.join(' ')} ended with ${status}: ${stderr.toString().slice(0, 500)}`);
  return took;
};

/** What the kit adds to the start of Node itself. Taken in turns, so that a busy machine slows down both. */
export const benchStartUp = async (): Promise<Figure[]> => {
  const pairs: { bare: number; kit: number }[] = [];
  for (let i = 0; i < WARM_UP + PAIRS; i += 1) {
    const bare = timeOf(['-e', '0']);
    const kit = timeOf([kitProgram, '--help']);
    if (i >= WARM_UP) pairs.push({ bare, kit });
  }
  const bareMs = median(pairs.map(({ bare }) => bare));
  const kitMs = median(pairs.map(({ kit }) => kit));
  return [
    {
      name: 'start-up of --help ÷ node -e 0',
      value: median(pairs.map(({ bare, kit }) => kit / bare)),
      unit: 'ratio',
      target: { atMost: 1.5 },
      detail: `median of ${PAIRS} pairs; ${kitMs.toFixed(0)} ms and ${bareMs.toFixed(0)} ms`,
    },
  ];
};
