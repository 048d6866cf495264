import { Type } from '@sinclair/typebox';
import { messages } from '../../../../schemas/script-values.js';
import { recordUnreached } from '../../../play/step-outcome.js';
import { expandLabels } from '../../../script/index.js';
import { defineVerb } from '../define.js';

export const repeats = defineVerb({
  name: 'repeats',
  example: 'repeats: n1',
  fields: {
    repeats: messages,
    newServerMsgId: Type.Optional(Type.Literal(true, { description: 'Under another serverMsgId.' })),
  },
  does: 'Pushes these messages again, now. Only before their first ack:A: after it a client may forget them.',
  uses: (action) => expandLabels(action.repeats),
  perform: (stage, action, place) => {
    for (const label of expandLabels(action.repeats)) {
      const push = stage.server.pushes.all.find((one) => one.label === label);
      if (push === undefined || stage.link === undefined) {
        return recordUnreached(stage, place, `${label} was pushed, and the client is connected`, 'it is not so');
      }
      if (stage.server.pushes.isAnswered(push)) {
        return recordUnreached(
          stage,
          place,
          `the ack of ${label} is not answered`,
          'it is, so the client may forget it',
        );
      }
      if (action.newServerMsgId) {
        const serverMsgId = stage.server.nextId('P');
        const again = stage.server.pushes.add({ ...push, serverMsgId, attempt: 0, acked: false });
        stage.server.push(again, stage.link);
      } else stage.server.push(push, stage.link);
    }
    return true;
  },
});
