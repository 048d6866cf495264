import { setTimeout as sleep } from 'node:timers/promises';
import { EtcdLog } from '../etcd-log.js';
import { EtcdMembers } from './etcd-members.js';
import { type Attack, tryLog } from './try-log.js';

/** How long a member is away; longer than any election takes. Milliseconds. */
const AWAY_MS = 5_000;

/**
 * `node dist/src/reference/cluster/testing/try-engine.js [ROUNDS]`: whoever leads of three etcd is killed, frozen, cut off
 * and put into a black hole, once in each round, while clients append. Prints what came of it, and ends with 1 where
 * anything was lost, doubled or moved, or where a fault did not take the leader away.
 */
const main = async (): Promise<void> => {
  const rounds = Number(process.argv[2] ?? 1);
  const members = new EtcdMembers();
  try {
    await members.start();
    const attack = (name: string, begin: (leader: number) => unknown, end: (leader: number) => unknown): Attack => ({
      name,
      strike: async () => {
        const leader = await members.leader();
        await begin(leader);
        await sleep(AWAY_MS);
        // With whoever leads by now the fault has fired: the one before was away.
        const moved = (await members.leader()) !== leader;
        await end(leader);
        await members.allAnswer();
        return moved;
      },
    });
    const attacks = [
      attack(
        'killed',
        (leader) => members.kill(leader),
        (leader) => members.restart(leader),
      ),
      attack(
        'frozen',
        (leader) => members.freeze(leader),
        (leader) => members.thaw(leader),
      ),
      attack(
        'cut off',
        (leader) => members.cut(leader, 'reset'),
        () => members.heal(),
      ),
      attack(
        'in a black hole',
        (leader) => members.cut(leader, 'dropped'),
        () => members.heal(),
      ),
    ];
    const outcome = await tryLog(
      (place) => new EtcdLog([...members.urls.slice(place), ...members.urls.slice(0, place)]),
      members.urls.length,
      Array.from({ length: rounds }, () => attacks).flat(),
    );
    for (const { name, fired, gapMs } of outcome.attacks) {
      process.stdout.write(
        `leader ${name}: ${Math.round(gapMs)} ms without an answer${fired ? '' : ', BUT IT STILL LEADS'}\n`,
      );
    }
    const { acked, lost, doubled, moved } = outcome;
    process.stdout.write(`${acked} acked; ${lost} lost, ${doubled} doubled, ${moved} moved\n`);
    if (lost + doubled + moved > 0 || outcome.attacks.some(({ fired }) => !fired)) process.exitCode = 1;
  } finally {
    await members.close();
  }
};

await main();
