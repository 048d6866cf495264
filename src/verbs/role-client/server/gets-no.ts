import { Type } from '@sinclair/typebox';
import { duration, messages, requirement } from '../../../../schemas/script-values.js';
import { recordExpectation } from '../../../play/step-outcome.js';
import { durationMs, labelsOf } from '../../../script/index.js';
import { defineVerb } from '../define.js';

export const getsNo = defineVerb({
  name: 'getsNo',
  example: 'getsNo: msg:R',
  fields: {
    getsNo: Type.Union((['msg:R', 'ack:R', 'connection', 'attempt'] as const).map((one) => Type.Literal(one))),
    of: Type.Optional(messages),
    for: duration,
    by: requirement,
  },
  does: 'Watches for that long that nothing of the kind comes, since that came which the step before it got.',
  uses: ({ of }) => labelsOf(of),
  waitMs: (action, timers) => durationMs(action.for, timers),
  perform: async (stage, action, place) => {
    const { getsNo: what } = action;
    const labels = labelsOf(action.of);
    const forMs = durationMs(action.for, stage.options.timers);
    const from = stage.arrivals.watchedFrom;
    const isWatched = (at: number): boolean => at > from && at <= from + forMs;
    const found = () =>
      stage.arrivals.all.find(
        (one) =>
          one.what === what &&
          !one.taken &&
          isWatched(one.at) &&
          (labels.length === 0 || labels.includes(one.label ?? '')),
      );
    const leftMs = Math.max(0, from + forMs - stage.now());
    const came = await stage.mustWait(stage.waits.until(() => found() !== undefined, leftMs));
    return recordExpectation(stage, place, {
      requirement: action.by,
      expected: `no ${what}${labels.length === 0 ? '' : ` of ${labels.join(', ')}`} for ${Math.round(forMs)} ms`,
      seen: came ? `${what}${found()?.label === undefined ? '' : ` of ${found()?.label}`}` : 'none came',
      met: !came,
      miss: 'unwanted-packet',
      waitedMs: forMs,
    });
  },
});
