import t from 'tap';
import { childTimes, timedCommand } from './timed-command.js';

t.test('the times of the children are the last line that the shell writes', (t) => {
  t.equal(childTimes('0m0.000000s 0m0.000000s\n0m1.500000s 1m0.250000s\n'), 61_750);
  t.equal(childTimes('0m0,00s 0m0,00s\n0m0,10s 0m0,05s\n'), 150, 'with a comma, as some languages write numbers');
  t.throws(() => childTimes('command not found'), /told no times/);
  t.end();
});

t.test('a command is timed with what it starts, and its exit code is kept', (t) => {
  const timed = timedCommand([process.execPath, '-e', 'process.exitCode = 3; console.error("told")'], '.', 60_000);
  t.equal(timed.status, 3);
  t.match(timed.stderr, 'told');
  t.ok(timed.cpuMs > 0 && timed.wallMs > 0);
  t.end();
});
