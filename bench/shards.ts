import { seededRandom } from '../src/seeded-random.js';
import type { Figure } from './figure.js';

const USERS = 20_000;
const MESSAGES = 400_000;
const SHARDS = [2, 4, 8, 16];
const SEED = 9;

/** Entries that a message costs: its sending and its ack in the log of its receiver. */
const OF_RECEIVER = 2;
/** What its sender must learn in another log: the receipt, and that it has arrived there. */
const OF_OTHER_SENDER = 2;

export interface ShardedLoad {
  /** Messages in the time in which one log with all users takes one, if the fullest of the logs is never idle. */
  gain: number;
  /** Work of the fullest log, as a multiple of the mean. */
  fullest: number;
  /** Part of the messages whose sender and receiver have different logs. */
  crossing: number;
}

/** Users as a hash spreads them, some with far more traffic than others: the n-th has 1/√n of that of the first. */
const trafficOf = (random: () => number): (() => number) => {
  const sums: number[] = [];
  for (let user = 0; user < USERS; user += 1) sums.push((sums.at(-1) ?? 0) + 1 / Math.sqrt(user + 1));
  const total = sums.at(-1) ?? 0;
  return () => {
    const wanted = random() * total;
    let low = 0;
    let high = USERS - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sums[middle] ?? 0) < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  };
};

/**
 * What several logs take, each with the users that a hash gives it: a message is accepted, ordered and acked in the log of
 * its receiver, and its receipt goes to the log of its sender as a message of its own.
 */
export const simulateShards = (shards: number, seed = SEED): ShardedLoad => {
  const random = seededRandom(seed);
  const home = Array.from({ length: USERS }, () => Math.floor(random() * shards));
  const someone = trafficOf(random);
  const work = new Array<number>(shards).fill(0);
  let crossing = 0;
  for (let count = 0; count < MESSAGES; count += 1) {
    const [from, to] = [home[someone()] ?? 0, home[someone()] ?? 0];
    work[to] = (work[to] ?? 0) + OF_RECEIVER;
    if (from === to) continue;
    crossing += 1;
    work[from] = (work[from] ?? 0) + OF_OTHER_SENDER;
  }
  const most = Math.max(...work);
  const mean = work.reduce((sum, one) => sum + one, 0) / shards;
  return { gain: (OF_RECEIVER * MESSAGES) / most, fullest: most / mean, crossing: crossing / MESSAGES };
};

/** How far several logs would carry, in messages of one: the figure for one log is measured, see `cluster`. */
export const benchShards = async (): Promise<Figure[]> =>
  SHARDS.map((shards) => {
    const { gain, fullest, crossing } = simulateShards(shards);
    return {
      name: `simulated: ${shards} logs ÷ one log, accepted messages`,
      value: gain,
      unit: 'ratio',
      detail: `${Math.round(crossing * 100)} % cross logs; the fullest has ${fullest.toFixed(2)} of the mean; ${USERS.toLocaleString('en')} users, the n-th with 1/√n of the traffic`,
    };
  });
