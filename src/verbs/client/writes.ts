import { Type } from '@sinclair/typebox';
import { ifOpen, which } from '../../../schemas/script-values.js';
import { isOver, requireOpen } from '../../play/clients/open-link.js';
import { defineClientVerb, nobody, noLabels, nothing, nothingNew, noWait } from '../define.js';
import { frame, withMsgIds, writeFrame } from './write-frame.js';

export const writes = defineClientVerb({
  name: 'writes',
  example: 'writes: { text: … }',
  fields: {
    writes: frame,
    what: Type.String({ description: 'What is wrong with it, in a few words.' }),
    connection: which,
    ifOpen,
  },
  does: 'Writes one frame that the packet schemas need not allow: `{ text }`, `{ base64, binary }`, `{ nested: arrays, levels: 5000 }`, `{ frameBytes }`, or `{ frameBytes: 0, over: 1 }`, a byte over the declared limit.',
  defines: nothingNew,
  uses: noLabels,
  clients: nobody,
  waitMs: noWait,
  needs: nothing,
  fills: ['rid', 'rid64', 'msgId', 'user', 'serverMsgId'],
  verbatim: ['what'],
  perform: (stage, actor, action, place) => {
    const link = actor.linkOf(action.connection);
    if (action.ifOpen && isOver(link)) return true;
    if (!requireOpen(stage, actor, link, place)) return false;
    const frame = withMsgIds(stage, action.writes);
    actor.writeAgain = () => writeFrame(stage, link, frame, action.what);
    actor.writeAgain();
    return true;
  },
});
