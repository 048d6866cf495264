import { Type } from '@sinclair/typebox';
import { recordUnreached } from '../../../play/step-outcome.js';
import { defineVerb } from '../define.js';

export const restarts = defineVerb({
  name: 'restarts',
  example: 'restarts: true',
  fields: { restarts: Type.Literal(true) },
  does: 'Starts the bot again on the same data, and waits for its hello.',
  needs: () => ({ control: true }),
  waitMs: () => 1_000,
  perform: async (stage, _action, place) =>
    (await stage.startBot()) || recordUnreached(stage, place, 'a hello of the bot after its restart', 'none came'),
});
