import t from 'tap';
import type { ServerStage } from '../../../play/server/index.js';
import { getsNo } from './gets-no.js';

const FROM = 1_925;
const NOW = 2_180;
const FOR = 700;

/** When an attempt came, and whether it counts: the kit was late, and the pause of the client was long enough. */
const CASES: [at: number, taken: boolean, met: boolean][] = [
  [FROM, true, true],
  [FROM + 100, false, false],
  [FROM, false, true],
  [FROM + FOR, false, false],
  [FROM + FOR + 1, false, true],
  [FROM - 10, false, true],
];

t.test('watches since that came which the step before it got, however late the kit noticed', async (t) => {
  for (const [at, taken, met] of CASES) {
    let waitedFor = Number.NaN;
    const stage = {
      arrivals: { all: [{ what: 'attempt', at, taken }], watchedFrom: FROM },
      now: () => NOW,
      options: { timers: {} },
      mustWait: (work: Promise<boolean>) => work,
      waits: {
        until: async (isOver: () => boolean, ms: number) => {
          waitedFor = ms;
          return isOver();
        },
      },
      record: () => {},
    } as unknown as ServerStage;
    const action = { verb: 'getsNo', getsNo: 'attempt', for: FOR, by: 'IM-1-34' };
    const outcome = await getsNo.perform(stage, action as never, { path: '4', text: 'getsNo' });
    t.equal(outcome, met, `an attempt at ${at}${taken ? ', taken' : ''}`);
    t.equal(waitedFor, FROM + FOR - NOW);
  }
});
