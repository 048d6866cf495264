import t from 'tap';
import { simulateShards } from './shards.js';

t.test('several logs carry more, but less than each for itself', (t) => {
  t.same(simulateShards(1), { gain: 1, fullest: 1, crossing: 0 });
  let before = 1;
  for (const shards of [4, 16]) {
    const { gain, fullest, crossing } = simulateShards(shards);
    t.ok(gain > before && gain < shards, `${gain} of ${shards}`);
    t.ok(fullest >= 1 && fullest < 2, `${fullest}`);
    t.ok(Math.abs(crossing - (shards - 1) / shards) < 0.05, `${crossing}: a hash knows no friends`);
    before = gain;
  }
  t.same(simulateShards(4, 1), simulateShards(4, 1), 'the same seed gives the same figures');
  t.end();
});
