import { Type } from '@sinclair/typebox';
import { requirement } from '../../../../schemas/script-values.js';
import { recordExpectation } from '../../../play/step-outcome.js';
import { defineVerb } from '../define.js';

const BOUND_MS = 5_000;

export const exits = defineVerb({
  name: 'exits',
  example: 'exits: true',
  fields: { exits: Type.Literal(true), by: requirement },
  does: 'The bot is told to end, and must do so with code 0 within 5 s.',
  needs: () => ({ control: true }),
  perform: async (stage, action, place) => {
    const from = performance.now();
    stage.say({ do: 'exit' });
    const end = await stage.mustWait(stage.options.host.ended(BOUND_MS + stage.options.patienceMs));
    stage.noteGone();
    if (end === undefined) await stage.options.host.kill();
    stage.record({ kind: 'subject', event: 'stopped' });
    stage.newest?.end('abruptly');
    return recordExpectation(stage, place, {
      requirement: action.by,
      expected: 'the bot ends with code 0 within 5 s of the word exit',
      seen: end === undefined ? 'it still ran' : `it ended with code ${end.code}`,
      met: end?.code === 0,
      miss: 'observed',
      waitedMs: performance.now() - from,
    });
  },
});
