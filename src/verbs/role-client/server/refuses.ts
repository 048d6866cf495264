import { Type } from '@sinclair/typebox';
import { recordFault } from '../../../play/step-outcome.js';
import { defineVerb } from '../define.js';

interface Wish {
  retryAfter?: number;
  retryAfterAsDate?: true;
}

const retryAfterOf = ({ retryAfter, retryAfterAsDate }: Wish): Record<string, string> => {
  if (retryAfter === undefined) return {};
  if (!retryAfterAsDate) return { 'Retry-After': String(retryAfter) };
  // A date has no parts of a second: without the next whole one the wait would be shorter than it says.
  const second = Math.ceil(Date.now() / 1_000) + retryAfter;
  return { 'Retry-After': new Date(second * 1_000).toUTCString() };
};

export const refuses = defineVerb({
  name: 'refuses',
  example: 'refuses: 503',
  fields: {
    refuses: Type.Union([Type.Integer({ minimum: 400, maximum: 599 }), Type.Literal('silently')], {
      description: 'The HTTP status; `silently`: no answer at all.',
    }),
    times: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000, description: 'Default 1.' })),
    retryAfter: Type.Optional(Type.Integer({ minimum: 0, maximum: 60, description: 'Seconds.' })),
    retryAfterAsDate: Type.Optional(
      Type.Literal(true, { description: '`Retry-After` names the time of day, in whole seconds, and not a number.' }),
    ),
  },
  does: 'The next upgrades are not accepted.',
  perform: (stage, action, place) => {
    let told = false;
    stage.upgrades.refusal = {
      left: action.times ?? 1,
      status: typeof action.refuses === 'number' ? action.refuses : undefined,
      headers: retryAfterOf(action),
      onFired: () => {
        if (!told) recordFault(stage, place, 'refuse', true);
        told = true;
      },
    };
    return true;
  },
});
