import t from 'tap';
import { HandedMessages } from '../../../play/server/handed-messages.js';
import type { ServerStage } from '../../../play/server/index.js';
import { gets } from './gets.js';

const LABELS = ['m1', 'm2', 'm3', 'm4', 'm5', 'm6', 'm7', 'm8', 'm9'];

/** Which of m1..m9 came, which the library refused at the hand-over, and what became of the step. */
const CASES: [came: string[], refused: string[], outcome: string][] = [
  [LABELS, [], 'met'],
  [LABELS.slice(2), ['m1', 'm2'], 'met'],
  [LABELS.slice(3), ['m1', 'm2'], 'missed'],
  [LABELS.slice(1), [], 'missed'],
  [LABELS.slice(3), ['m1', 'm2', 'm3'], 'unreached'],
  [LABELS.slice(4), ['m1', 'm2', 'm3'], 'missed'],
  [[], LABELS, 'unreached'],
];

t.test('what the library refused at the hand-over is not waited for, and shows nothing where it is much', async (t) => {
  for (const [came, refused, expected] of CASES) {
    const told: { outcome?: string }[] = [];
    const handed = new HandedMessages();
    for (const label of LABELS) handed.add({ label, to: 'u2', body: label });
    for (const label of came) handed.get(label).msgId = label;
    const stage = {
      arrivals: { all: came.map((label) => ({ what: 'msg:R', label, at: 1 })), take: () => {} },
      handed,
      words: { outcomesOf: (_: unknown, body: string) => (refused.includes(body) ? ['refused'] : []) },
      options: { timers: {}, host: {}, hello: { limits: {} } },
      bound: () => 1,
      mustWait: (work: Promise<boolean>) => work,
      waits: { until: async (isOver: () => boolean) => isOver() },
      record: (event: { outcome?: string }) => void told.push(event),
    } as unknown as ServerStage;
    const action = { verb: 'gets', gets: 'msg:R', of: 'm1..m9', within: 10 };
    await gets.perform(stage, action as never, { path: '1', text: 'gets' });
    t.match(told, [{ outcome: expected }], `${came} came, ${refused} refused`);
  }
});
