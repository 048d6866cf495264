import { tmpdir } from 'node:os';
import { type Figure, median } from './figure.js';
import { kitProgram } from './kit-program.js';
import { withRunningServer } from './running-server.js';
import { type Timed, timedCommand } from './timed-command.js';

const PAIRS = 31;
const WARM_UP = 3;
const BOUND_MS = 60_000;
const SCENARIO = 'core/plain-exchange';

const run = (words: readonly string[]): Timed => {
  const timed = timedCommand([process.execPath, ...words], tmpdir(), BOUND_MS);
  if (timed.status !== 0) {
    throw new Error(`node ${words.join(' ')} ended with ${timed.status}: ${timed.stderr.slice(0, 500)}`);
  }
  return timed;
};

interface Measure {
  name: string;
  words: readonly string[];
  pairs: number;
  of: 'wallMs' | 'cpuMs';
  target: number;
}

/** A command of the kit and `node -e 0` in turns, so that a busy machine slows down both. */
const compare = ({ name, words, pairs, of, target }: Measure): Figure => {
  const found: { bare: number; kit: number }[] = [];
  for (let i = 0; i < WARM_UP + pairs; i += 1) {
    const bare = run(['-e', '0'])[of];
    const kit = run([kitProgram, ...words])[of];
    if (i >= WARM_UP) found.push({ bare, kit });
  }
  const bareMs = median(found.map(({ bare }) => bare));
  const kitMs = median(found.map(({ kit }) => kit));
  return {
    name,
    // The clock of CPU times may tick slowly: a median of quotients would jump, a quotient of medians does not.
    value: of === 'wallMs' ? median(found.map(({ bare, kit }) => kit / bare)) : kitMs / bareMs,
    unit: 'ratio',
    target: { atMost: target },
    detail: `median of ${pairs} pairs; ${kitMs.toFixed(0)} ms and ${bareMs.toFixed(0)} ms${of === 'cpuMs' ? ' of CPU' : ''}`,
  };
};

/** What the kit adds to the start of Node itself. */
export const benchStartUp = async (): Promise<Figure[]> =>
  withRunningServer((url) => [
    compare({ name: 'start-up of --help ÷ node -e 0', words: ['--help'], pairs: PAIRS, of: 'wallMs', target: 1.5 }),
    compare({ name: 'CPU of --list ÷ node -e 0', words: ['--list'], pairs: 9, of: 'cpuMs', target: 4 }),
    compare({
      name: 'CPU of one scenario on a running server ÷ node -e 0',
      words: [url, '--class', 'core', '--only', SCENARIO],
      pairs: 9,
      of: 'cpuMs',
      target: 6,
    }),
  ]);
