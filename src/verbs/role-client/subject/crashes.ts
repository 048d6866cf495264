import { Type } from '@sinclair/typebox';
import { messages, millis } from '../../../../schemas/script-values.js';
import { recordFault, recordUnreached } from '../../../play/step-outcome.js';
import { expandLabels, labelsOf } from '../../../script/index.js';
import { defineVerb } from '../define.js';

const when = Type.Optional(
  Type.Object(
    {
      gets: Type.Union([Type.Literal('msg:R'), Type.Literal('ack:R')]),
      of: messages,
    },
    { additionalProperties: false, description: 'Strikes when the server has got such a packet of each of them.' },
  ),
);

export const crashes = defineVerb({
  name: 'crashes',
  example: 'crashes: true',
  fields: { crashes: Type.Literal(true), when, afterMs: Type.Optional(millis) },
  does: 'SIGKILL to the process group of the bot.',
  uses: ({ when: trigger }) => labelsOf(trigger?.of),
  needs: () => ({ control: true }),
  waitMs: ({ afterMs }) => Number(afterMs ?? 0),
  perform: async (stage, { when: trigger, afterMs }, place) => {
    if (trigger !== undefined) {
      const { gets, of } = trigger;
      const came = (label: string) => stage.arrivals.all.some((one) => one.what === gets && one.label === label);
      const boundMs = stage.bound(stage.options.timers.resendMaxMs);
      if (!(await stage.waits.until(() => expandLabels(of).every(came), boundMs))) {
        return recordUnreached(
          stage,
          place,
          `${gets} of ${[of].flat().join(', ')}, the moment for the kill`,
          'nothing came',
        );
      }
    }
    if (afterMs !== undefined && Number(afterMs) > 0) await stage.mustWait(stage.waits.pause(Number(afterMs)));
    stage.record({ kind: 'subject', event: 'killing', signal: 'SIGKILL' });
    await stage.options.host.kill();
    stage.record({ kind: 'subject', event: 'killed', signal: 'SIGKILL' });
    stage.noteGone();
    stage.newest?.end('abruptly');
    recordFault(stage, place, 'crash', true);
    return true;
  },
});
