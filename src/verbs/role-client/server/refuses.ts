import { Type } from '@sinclair/typebox';
import { recordFault } from '../../../play/step-outcome.js';
import { defineVerb } from '../define.js';

export const refuses = defineVerb({
  name: 'refuses',
  example: 'refuses: 503',
  fields: {
    refuses: Type.Union([Type.Integer({ minimum: 400, maximum: 599 }), Type.Literal('silently')], {
      description: 'The HTTP status; `silently`: no answer at all.',
    }),
    times: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000, description: 'Default 1.' })),
    retryAfter: Type.Optional(Type.Integer({ minimum: 0, maximum: 60, description: 'Seconds.' })),
  },
  does: 'The next upgrades are not accepted.',
  perform: (stage, action, place) => {
    let told = false;
    stage.refusal = {
      left: action.times ?? 1,
      status: typeof action.refuses === 'number' ? action.refuses : undefined,
      headers: action.retryAfter === undefined ? {} : { 'Retry-After': String(action.retryAfter) },
      onFired: () => {
        if (!told) recordFault(stage, place, 'refuse', true);
        told = true;
      },
    };
    return true;
  },
});
