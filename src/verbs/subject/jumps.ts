import { Type } from '@sinclair/typebox';
import { placeholder } from '../../../schemas/script-values.js';
import { controlOf } from '../../play/subject-control.js';
import { durationMs } from '../../script/index.js';
import { defineSubjectVerb, nobody, noLabels, nothingNew, noWait } from '../define.js';

/** 400 days: farther than any lifetime that servers are given by habit. */
const FARTHEST_MS = 34_560_000_000;

/** What is written as a multiple of the window is so long that its fractions do not matter. */
const offsetOf = (jump: number | string, timers: Readonly<Record<string, number>>): number =>
  typeof jump === 'string' && jump.includes(' x ') ? Math.round(durationMs(jump, timers)) : Number(jump);

export const jumps = defineSubjectVerb({
  name: 'jumps',
  example: 'jumps: 3600000',
  fields: {
    jumps: Type.Union(
      [
        Type.Integer({ minimum: -FARTHEST_MS, maximum: FARTHEST_MS }),
        Type.String({ pattern: '^[0-9.]+ x dedupWindowMs$' }),
        placeholder,
      ],
      {
        description:
          'Milliseconds from the true time, at most 400 days, or `0.9 x dedupWindowMs`; 0 sets the clock right.',
      },
    ),
    stands: Type.Optional(
      Type.Literal(true, {
        description:
          'The clock stands still at that time, over restarts, too: whatever happens, happens in one millisecond.',
      }),
    ),
  },
  does: 'Sets the wall clock of the server, as an administrator or a time service does. It needs libfaketime (Debian: libfaketime).',
  defines: nothingNew,
  uses: noLabels,
  clients: nobody,
  waitMs: noWait,
  needs: () => ({ control: true, clock: true }),
  fills: [],
  verbatim: [],
  perform: (stage, action, place) => {
    const offsetMs = offsetOf(action.jumps, stage.options.timers);
    controlOf(stage).jump(offsetMs, action.stands === true);
    stage.record({ kind: 'subject', event: 'clock', offsetMs });
    stage.clock.jumped(place.path, offsetMs);
    return true;
  },
});
