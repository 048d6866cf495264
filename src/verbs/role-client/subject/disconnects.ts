import { Type } from '@sinclair/typebox';
import { recordFault, recordUnreached } from '../../../play/step-outcome.js';
import { defineVerb } from '../define.js';

export const disconnects = defineVerb({
  name: 'disconnects',
  example: 'disconnects: 500',
  fields: { disconnects: Type.Integer({ minimum: 1, maximum: 60_000 }) },
  does: 'The bot is told to go offline by the means of the library, for so many milliseconds; done when the connection has ended.',
  waitMs: (action) => action.disconnects,
  perform: async (stage, action, place) => {
    const { link } = stage;
    stage.say({ do: 'disconnect', forMs: action.disconnects });
    const ended = await stage.waits.until(() => link?.state === 'closed', stage.bound(1_000));
    if (!ended) return recordUnreached(stage, place, 'the client goes offline', 'the connection stayed open');
    recordFault(stage, place, 'disconnect', true);
    return true;
  },
});
