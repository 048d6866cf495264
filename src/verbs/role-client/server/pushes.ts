import { Type } from '@sinclair/typebox';
import { clientName, messages } from '../../../../schemas/script-values.js';
import { defined } from '../../../defined.js';
import type { Push } from '../../../play/server/pushes.js';
import type { ServerStage } from '../../../play/server/server-stage.js';
import { expandLabels } from '../../../script/index.js';
import { defineVerb } from '../define.js';
import { longText } from '../long-text.js';

/** Makes the frame as long as that. */
const fill = (push: Push, frameBytes: number, stage: ServerStage): void => {
  push.fields.padding = '';
  const bytes = Buffer.byteLength(JSON.stringify(stage.server.pushes.nextPacket(push)));
  push.attempt = 0;
  push.fields.padding = 'x'.repeat(Math.max(0, frameBytes - bytes));
};

export const pushes = defineVerb({
  name: 'pushes',
  example: 'pushes: n1..n3',
  fields: {
    pushes: messages,
    from: clientName,
    body: Type.Optional(
      Type.Union([Type.String(), Type.Object({ bytes: Type.Integer({ minimum: 1, maximum: 65_536 }) })]),
    ),
    msgId: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$' })),
    acceptedAt: Type.Optional(Type.Integer({ minimum: 0 })),
    frameBytes: Type.Optional(
      Type.Integer({ minimum: 1_000, maximum: 524_288, description: 'The frame is filled up with an unknown member.' }),
    ),
    fragments: Type.Optional(Type.Integer({ minimum: 2, maximum: 100, description: 'The frame comes in so many.' })),
    fields: Type.Optional(Type.Record(Type.String(), Type.Unknown(), { description: 'Further members.' })),
  },
  does: 'The server has these messages for the client, and pushes them until they are acked: at once, on each connection, and each second.',
  defines: (action) => ({ labels: expandLabels(action.pushes), to: action.from }),
  clients: ({ from }) => [from],
  verbatim: ['fields', 'body'],
  perform: (stage, action) => {
    const from = stage.userOf(action.from);
    for (const label of expandLabels(action.pushes)) {
      const own = `${label}.${stage.options.userSuffix}`;
      const { body = own, msgId, acceptedAt, fragments, fields = {} } = action;
      const text = typeof body === 'string' ? body : longText(own, body.bytes);
      const push = stage.server.pushes.add({
        label,
        from,
        body: text,
        ...defined({ msgId, acceptedAt, fragments }),
        fields: { ...fields },
      });
      if (action.frameBytes !== undefined) fill(push, action.frameBytes, stage);
      if (stage.link) stage.server.push(push, stage.link);
    }
    return true;
  },
});
