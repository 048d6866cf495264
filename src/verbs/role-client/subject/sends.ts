import { Type } from '@sinclair/typebox';
import { clientName, messages, millis } from '../../../../schemas/script-values.js';
import { defined } from '../../../defined.js';
import { expandLabels } from '../../../script/index.js';
import { defineVerb } from '../define.js';
import { longText } from '../long-text.js';

export const sends = defineVerb({
  name: 'sends',
  example: 'sends: m1..m3',
  fields: {
    sends: messages,
    to: clientName,
    body: Type.Optional(
      Type.Union([Type.String(), Type.Object({ bytes: Type.Integer({ minimum: 1, maximum: 65_536 }) })], {
        description: 'Default: a text that names the message. With several messages all get the same.',
      }),
    ),
    ttlMs: Type.Optional(millis),
  },
  does: 'The bot is told to hand these messages to the library, in that order, without waiting between them.',
  defines: (action) => ({ labels: expandLabels(action.sends), to: action.to }),
  clients: ({ to }) => [to],
  verbatim: ['body'],
  perform: (stage, action) => {
    const to = stage.userOf(action.to);
    const handed = expandLabels(action.sends).map((label) => {
      const own = `${label}.${stage.options.userSuffix}`;
      const { body = own } = action;
      const text = typeof body === 'string' ? body : longText(own, body.bytes);
      return {
        label,
        to,
        body: text,
        ...defined({ ttlMs: action.ttlMs === undefined ? undefined : Number(action.ttlMs) }),
      };
    });
    for (const one of handed) stage.handed.add(one);
    stage.say({ do: 'send', messages: handed.map(({ label: _, ...message }) => message) });
    return true;
  },
});
