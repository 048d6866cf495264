import { Type } from '@sinclair/typebox';
import { recordUnreached } from '../../../play/step-outcome.js';
import { defineVerb } from '../define.js';

export const writes = defineVerb({
  name: 'writes',
  example: 'writes: not json',
  fields: {
    writes: Type.String({ description: 'The text of a frame. `binary`: a binary frame instead.' }),
  },
  does: 'Writes a frame that need not be a packet.',
  verbatim: ['writes'],
  perform: (stage, action, place) => {
    const { link } = stage;
    if (link === undefined) return recordUnreached(stage, place, 'the client is connected', 'it is not');
    if (action.writes === 'binary') link.sendBinary(16);
    else link.sendRaw(action.writes, 'a frame of the script');
    return true;
  },
});
