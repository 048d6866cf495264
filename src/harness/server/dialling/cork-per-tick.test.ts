import { Writable } from 'node:stream';
import t from 'tap';
import { CorkPerTick } from './cork-per-tick.js';

const recorder = () => {
  const calls: string[] = [];
  const stream = new Writable({
    write: (chunk, _, done) => {
      calls.push(String(chunk));
      done();
    },
    writev: (chunks, done) => {
      calls.push(chunks.map(({ chunk }) => String(chunk)).join('+'));
      done();
    },
  });
  return { calls, stream };
};

t.test('frames of one go leave together, before any promise goes on', async (t) => {
  const { calls, stream } = recorder();
  const cork = new CorkPerTick();
  const step = async (...frames: string[]) => {
    for (const frame of frames) {
      cork.touch(stream as never);
      stream.write(frame);
    }
  };
  await step('a', 'b');
  t.same(calls, ['a+b'], 'the next step, such as a kill, finds them sent');
  const sending = step('c');
  cork.flush();
  t.same(calls, ['a+b', 'c'], 'and whatever must not overtake them can send them at once');
  await sending;
});
