import { Type } from '@sinclair/typebox';
import { messages, millis, packetType, which } from '../../../schemas/script-values.js';
import { defined } from '../../defined.js';
import { hasArrived } from '../../play/clients/expectation.js';
import { requireOpen } from '../../play/clients/open-link.js';
import { recordFault } from '../../play/step-outcome.js';
import { labelsOf } from '../../script/index.js';
import { defineClientVerb, nobody, nothing, nothingNew } from '../define.js';

/** A server learns of the end of a connection a moment after the client: it gets a twentieth of answerWithinMs. */
const SEE_THE_END_FRACTION = 20;

export const disconnects = defineClientVerb({
  name: 'disconnects',
  example: 'disconnects: cleanly \\| reset \\| abruptly',
  fields: {
    disconnects: Type.Union([Type.Literal('cleanly'), Type.Literal('reset'), Type.Literal('abruptly')], {
      description: 'cleanly: close frame. reset: TCP RST. abruptly: TCP end without a close frame.',
    }),
    connection: which,
    before: Type.Optional(packetType),
    of: Type.Optional(messages),
    status: Type.Optional(Type.String({ description: 'Of the packet that must not have arrived.' })),
    afterMs: Type.Optional(millis),
  },
  does: 'Ends a connection; with `before`, only if that packet has not arrived after `afterMs` (the fault fires or not).',
  defines: nothingNew,
  uses: ({ of }) => labelsOf(of),
  clients: nobody,
  waitMs: ({ afterMs }) => Number(afterMs ?? 0),
  needs: nothing,
  fills: [],
  verbatim: [],
  perform: async (stage, actor, action, place) => {
    const link = actor.linkOf(action.connection);
    if (!requireOpen(stage, actor, link, place)) return false;
    const how = action.disconnects;
    let fired = link.state === 'open' || link.state === 'silent';
    if (action.before !== undefined) {
      const afterMs = Number(action.afterMs ?? 0);
      if (afterMs > 0) await stage.mustWait(stage.waits.pause(afterMs));
      const aim = { type: action.before, status: action.status, labels: labelsOf(action.of) };
      fired &&= !hasArrived(stage, actor, link, aim);
    }
    link.end(how);
    const fault = how === 'cleanly' ? 'disconnect' : how === 'reset' ? 'reset' : 'cut';
    recordFault(stage, place, fault, fired, {
      client: actor.name,
      ...defined({ packet: action.before }),
    });
    const closed = await stage.waits.until(
      () => link.state === 'closed',
      stage.bound(stage.options.timers.answerWithinMs),
    );
    if (!closed) link.end('abruptly');
    if (action.before === undefined)
      await stage.waits.pause(stage.options.timers.answerWithinMs / SEE_THE_END_FRACTION + stage.roundTripMs);
    return true;
  },
});
