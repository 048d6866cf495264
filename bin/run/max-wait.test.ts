import t from 'tap';
import { CLIENT_TIMERS } from '../../schemas/index.js';
import { OPTIONS } from '../../src/options/option-table.js';
import { declaredWaitMs, loadScenarios } from '../../src/verbs/index.js';

t.test(
  'the greatest --max-wait lets every scenario of a client be played with the timers that are assumed',
  async (t) => {
    const [, most = 0] = OPTIONS.find(({ name }) => name === 'max-wait')?.range ?? [];
    const needed = loadScenarios()
      .filter(({ id }) => id.startsWith('client/'))
      .map(({ id, steps }) => ({ id, ms: declaredWaitMs(steps, CLIENT_TIMERS, 'client') }));
    t.ok(
      needed.some(({ ms }) => ms > CLIENT_TIMERS.retryWindowMs),
      'one waits for the whole window',
    );
    t.strictSame(
      needed.filter(({ ms }) => ms > most),
      [],
    );
  },
);
