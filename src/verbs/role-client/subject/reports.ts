import { Type } from '@sinclair/typebox';
import { duration, messages, requirement } from '../../../../schemas/script-values.js';
import { recordExpectation } from '../../../play/step-outcome.js';
import { durationMs, expandLabels } from '../../../script/index.js';
import { allCome } from '../all-come.js';
import { defineVerb } from '../define.js';
import { isRefusedUnsent } from '../refused-unsent.js';

export const reports = defineVerb({
  name: 'reports',
  example: 'reports: delivered',
  fields: {
    reports: Type.Union(
      (['stored', 'delivered', 'expired', 'refused', 'unknown'] as const).map((one) => Type.Literal(one)),
    ),
    of: messages,
    within: Type.Optional(duration),
    by: Type.Optional(requirement),
  },
  does: 'Waits until the bot has reported that outcome of each of these messages, by default at once; the time begins anew with each.',
  uses: ({ of }) => expandLabels(of),
  waitMs: ({ within = 0 }, timers) => durationMs(within, timers),
  perform: async (stage, action, place) => {
    const named = expandLabels(action.of);
    const taken = named.filter((label) => !isRefusedUnsent(stage, label));
    // Of a single message that was refused the outcome is asked for all the same.
    const labels = taken.length === 0 ? named : taken;
    const boundMs = stage.bound(durationMs(action.within ?? 0, stage.options.timers));
    const from = performance.now();
    const told = (label: string): string[] => {
      const { msgId, body } = stage.handed.get(label);
      return [...stage.words.outcomesOf(msgId, body)];
    };
    const missing = () => labels.filter((label) => !told(label).includes(action.reports));
    const met = await stage.mustWait(allCome(missing, (isOver) => stage.waits.until(isOver, boundMs)));
    const [first] = missing();
    return recordExpectation(stage, place, {
      requirement: action.by ?? 'IM-4.1-7',
      expected: `the outcome ${action.reports} of ${labels.join(', ')} within ${Math.round(boundMs)} ms`,
      seen: met ? 'it came' : `of ${first} the bot has reported ${told(first ?? '').join(', ') || 'nothing'}`,
      met,
      miss: 'nothing-came',
      waitedMs: performance.now() - from,
      late: true,
      ...(first === undefined ? {} : { message: first }),
    });
  },
});
