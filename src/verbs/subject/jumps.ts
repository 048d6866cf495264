import { Type } from '@sinclair/typebox';
import { placeholder } from '../../../schemas/script-values.js';
import { controlOf } from '../../play/subject-control.js';
import { defineSubjectVerb, nobody, noLabels, nothingNew, noWait } from '../define.js';

export const jumps = defineSubjectVerb({
  name: 'jumps',
  example: 'jumps: 3600000',
  fields: {
    jumps: Type.Union([Type.Integer({ minimum: -86_400_000, maximum: 86_400_000 }), placeholder], {
      description: 'Milliseconds from the true time; 0 sets the clock right.',
    }),
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
    controlOf(stage).jump(Number(action.jumps), action.stands === true);
    stage.record({ kind: 'subject', event: 'clock', offsetMs: Number(action.jumps) });
    stage.clock.jumped(place.path, Number(action.jumps));
    return true;
  },
});
