import t from 'tap';
import { killStrays } from './group.js';
import { type RunningCommand, runCommand } from './running-command.js';

/** A process that leaves the group and holds its output open, so that the end of the output is not the end of the group. */
const strayHoldsOutput = 'setsid sleep 20 & echo last words; exec sleep 60';

/** A shell that has not begun to run its command knows no trap. */
const hasSaid = async (running: RunningCommand, command: string): Promise<void> => {
  const until = performance.now() + 5_000;
  while (command.includes('echo') && running.output() === '' && performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};

t.test(
  'how a command ended is known as soon as its end was waited for',
  { skip: process.platform !== 'linux' },
  async (t) => {
    const cases: [command: string, signal: NodeJS.Signals, expected: object][] = [
      ['exec sleep 60', 'SIGKILL', { code: null, signal: 'SIGKILL', output: '' }],
      ['trap "echo bye; exit 4" TERM; echo up; while :; do sleep 0.01; done', 'SIGTERM', { code: 4, output: /bye/ }],
      [strayHoldsOutput, 'SIGKILL', { signal: 'SIGKILL', output: /last words/ }],
    ];
    for (const [command, signal, expected] of cases) {
      const data = t.testdir();
      const running = await runCommand(command, { DATA_DIR: data });
      t.teardown(() => killStrays(data));
      t.equal(running.exit, undefined, 'it runs');
      await hasSaid(running, command);
      t.ok(running.signal(signal));
      t.equal(await running.waitForEnd(5_000), true);
      t.match(running.exit, expected, command);
      t.equal(running.signal('SIGKILL'), false, 'nothing is left to be signalled');
    }
  },
);

t.test('a bound that passes first', async (t) => {
  const running = await runCommand('exec sleep 60', {});
  t.equal(await running.waitForEnd(1), false);
  t.equal(running.exit, undefined);
  running.signal('SIGKILL');
  t.equal(await running.waitForEnd(5_000), true);
});
