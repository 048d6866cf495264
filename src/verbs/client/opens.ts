import { messages, requirement } from '../../../schemas/script-values.js';
import { KitError } from '../../errors.js';
import type { Stage } from '../../play/stage.js';
import { recordExpectation, recordUnreached } from '../../play/step-outcome.js';
import { expandLabels } from '../../script/index.js';
import { defineClientVerb, nobody, nothing, nothingNew, noWait } from '../define.js';
import { keysOf, secretsOf } from './sealed.js';

/** The last push of a message that the client got. */
const pushedBody = (stage: Stage, client: string, label: string): string | undefined => {
  const actor = stage.actors.get(client);
  const message = stage.messages.get(label);
  for (const entry of [...(actor?.link?.inbox.entries ?? [])].reverse()) {
    if (entry.kind !== 'packet' || entry.packet.type !== 'msg:N') continue;
    const { from, msgId, body } = entry.packet;
    if (from === message.fromUser && msgId === message.msgId) return body;
  }
  return undefined;
};

const open = async (stage: Stage, client: string, body: string): Promise<string> => {
  const { compactDecrypt } = await import('jose');
  const { privateKey } = await keysOf(stage, client);
  try {
    const { plaintext } = await compactDecrypt(body, privateKey);
    return Buffer.from(plaintext).toString('base64');
  } catch (cause) {
    return `it could not be opened: ${(cause as Error).message}`;
  }
};

export const opens = defineClientVerb({
  name: 'opens',
  example: 'opens: m1',
  fields: { opens: messages, by: requirement },
  does: 'Decrypts the body of a message that came: it must be, byte for byte, what the sender encrypted for this client with `body: { jwe: text }`.',
  defines: nothingNew,
  uses: (action) => expandLabels(action.opens),
  clients: nobody,
  waitMs: noWait,
  needs: nothing,
  fills: [],
  verbatim: [],
  perform: async (stage, actor, action, place) => {
    for (const label of expandLabels(action.opens)) {
      const sent = secretsOf(stage).sealed.find(({ body }) => body === stage.messages.get(label).body);
      if (!sent)
        throw new KitError('usage', `${label} was not sent with \`body: { jwe: … }\``, 'Correct the scenario.');
      const body = pushedBody(stage, actor.name, label);
      if (body === undefined) return recordUnreached(stage, place, `${actor.name} got ${label}`, 'it did not come');
      const opened = await open(stage, actor.name, body);
      const expected = Buffer.from(sent.text, 'utf8').toString('base64');
      const intact = body === sent.body;
      const met = recordExpectation(stage, place, {
        miss: 'observed',
        requirement: action.by,
        expected: `${actor.name} opens ${label} and finds the ${Buffer.byteLength(sent.text)} bytes that were encrypted`,
        seen:
          opened === expected ? (intact ? 'they are the same' : 'the ciphertext had changed') : opened.slice(0, 200),
        met: opened === expected && intact,
        waitedMs: 0,
        message: label,
      });
      if (!met) return false;
    }
    return true;
  },
});
