import t from 'tap';
import type { ServerStage } from '../../../play/server/index.js';
import { gets } from './gets.js';

/** Which of m1..m3 came, which the library refused at the hand-over, and what became of the step. */
const CASES: [came: string[], refused: string[], outcome: string][] = [
  [['m1', 'm2', 'm3'], [], 'met'],
  [['m1', 'm2'], ['m3'], 'met'],
  [['m1'], ['m3'], 'missed'],
  [['m1', 'm2'], [], 'missed'],
  [[], ['m1', 'm2', 'm3'], 'unreached'],
];

t.test('what the library refused at the hand-over is not waited for', async (t) => {
  for (const [came, refused, expected] of CASES) {
    const told: { outcome?: string }[] = [];
    const stage = {
      arrivals: came.map((label) => ({ what: 'msg:R', label, at: 1 })),
      handed: ['m1', 'm2', 'm3'].map((label) => ({
        label,
        body: label,
        msgId: came.includes(label) ? label : undefined,
      })),
      words: { outcomesOf: (_: unknown, body: string) => (refused.includes(body) ? ['refused'] : []) },
      options: { timers: {}, host: {}, hello: { limits: {} } },
      bound: () => 1,
      noteMet: () => {},
      mustWait: (work: Promise<boolean>) => work,
      waits: { until: async (isOver: () => boolean) => isOver() },
      record: (event: { outcome?: string }) => void told.push(event),
    } as unknown as ServerStage;
    const action = { verb: 'gets', gets: 'msg:R', of: 'm1..m3', within: 10 };
    await gets.perform(stage, action as never, { path: '1', text: 'gets' });
    t.match(told, [{ outcome: expected }], `${came} came, ${refused} refused`);
  }
});
