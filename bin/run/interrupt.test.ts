import t from 'tap';
import { onInterrupt } from './interrupt.js';

t.test('who interrupts a run is told what the kit ends', async (t) => {
  for (const subjects of ['server', 'client', 'server and client']) {
    const told: string[] = [];
    const { signal, stop } = onInterrupt(subjects, (text) => told.push(text));
    process.emit('SIGALRM');
    stop();
    t.ok(signal.aborted);
    t.match(told, [`ending every ${subjects} that the kit started, and writing the reports`]);
  }
});
