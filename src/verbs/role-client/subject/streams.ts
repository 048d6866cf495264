import { Type } from '@sinclair/typebox';
import { clientName, messages } from '../../../../schemas/script-values.js';
import { KitError } from '../../../errors.js';
import { expandLabels } from '../../../script/index.js';
import { defineVerb } from '../define.js';

const STEM = /^(.*?)1$/;

export const streams = defineVerb({
  name: 'streams',
  example: 'streams: s1..s50',
  fields: { streams: messages, to: clientName, everyMs: Type.Integer({ minimum: 0, maximum: 10_000 }) },
  does: 'The bot is told to hand these messages to the library, one every so many milliseconds, connected or not.',
  defines: (action) => ({ labels: expandLabels(action.streams), to: action.to }),
  clients: ({ to }) => [to],
  perform: (stage, action) => {
    const labels = expandLabels(action.streams);
    const [, stem] = STEM.exec(labels[0] ?? '') ?? [];
    if (stem === undefined) throw new KitError('usage', 'a stream begins with number 1', 'Write it as s1..s50.');
    const prefix = `${stem}.${stage.options.userSuffix}.`;
    const to = stage.userOf(action.to);
    for (const [i, label] of labels.entries()) {
      stage.handed.add({ label, to, body: `${prefix}${i + 1}` });
    }
    stage.say({ do: 'stream', to, prefix, count: labels.length, everyMs: action.everyMs });
    return true;
  },
});
