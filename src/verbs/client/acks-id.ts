import { Type } from '@sinclair/typebox';
import { which } from '../../../schemas/script-values.js';
import { requireOpen } from '../../play/clients/open-link.js';
import type { Stage } from '../../play/stage.js';
import { UNKNOWN_LABEL } from '../../script/index.js';
import { fillText } from '../../template.js';
import { defineClientVerb, nobody, noLabels, nothing, nothingNew, noWait } from '../define.js';

const ALPHABETS = ['abcdefghijklmnopqrstuvwxyz', 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', '0123456789'];

/** A fresh id of the same length, with a character of the same kind in each place: small, capital, digit, or itself. */
const alike = (stage: Stage, id: string): string => {
  const hexadecimal = /^[0-9a-f-]+$/.test(id);
  return id.replaceAll(/[A-Za-z0-9]/g, (character) => {
    const alphabet = hexadecimal
      ? '0123456789abcdef'
      : (ALPHABETS.find((letters) => letters.includes(character)) as string);
    return alphabet[Math.floor(stage.options.random() * alphabet.length)] as string;
  });
};

/** `{like:m1}`: what a stranger would guess who has seen ids of this server. */
const unknownId = (stage: Stage, text: string): string =>
  String(
    fillText(text, ({ name, argument = '' }) => {
      const model = name === 'like' ? stage.messages.find(argument)?.serverMsgId : undefined;
      return model === undefined ? undefined : alike(stage, model);
    }),
  );

export const acksId = defineClientVerb({
  name: 'acksId',
  example: 'acksId: no-such-id',
  fields: { acksId: Type.String(), connection: which },
  does: 'Sends ack:R for a serverMsgId that no message of this scenario has; `{like:m1}` is a fresh one that looks like that of m1. Its label is `unknown`.',
  defines: nothingNew,
  uses: noLabels,
  clients: nobody,
  waitMs: noWait,
  needs: nothing,
  fills: ['like'],
  verbatim: [],
  perform: (stage, actor, action, place) => {
    const link = actor.linkOf(action.connection);
    if (!requireOpen(stage, actor, link, place)) return false;
    actor.receiver.ack(link, unknownId(stage, action.acksId), UNKNOWN_LABEL);
    return true;
  },
});
