import { Type } from '@sinclair/typebox';
import { messages } from '../../../../schemas/script-values.js';
import { recordUnreached } from '../../../play/step-outcome.js';
import { expandLabels } from '../../../script/index.js';
import { defineVerb, times } from '../define.js';

export const tells = defineVerb({
  name: 'tells',
  example: 'tells: stored',
  fields: {
    tells: Type.Union((['stored', 'delivered', 'expired'] as const).map((one) => Type.Literal(one))),
    of: messages,
    times,
  },
  does: 'Writes ack:N with that status for these messages, now and with each later answer.',
  uses: ({ of }) => expandLabels(of),
  perform: (stage, action, place) => {
    for (const label of expandLabels(action.of)) {
      const { link } = stage;
      const entry = [...stage.server.stored.values()].find((one) => one.label === label);
      if (entry === undefined || link === undefined) {
        return recordUnreached(stage, place, `${label} was accepted, and the client is connected`, 'it is not so');
      }
      entry.receipt = action.tells;
      const often = typeof action.times === 'number' ? action.times : 1;
      for (let i = 0; i < often; i++) stage.server.tell(link, entry, action.tells);
    }
    return true;
  },
});
