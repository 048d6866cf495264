import { Type } from '@sinclair/typebox';
import { client, conn, event, message } from './event.js';

/** What was said on a connection, and what an application got of it. */
export const PACKET_EVENTS = [
  event(
    'sent',
    {
      client,
      conn,
      message,
      packet: Type.Record(Type.String(), Type.Unknown()),
      fragments: Type.Optional(Type.Integer({ minimum: 2, description: 'WebSocket fragments. Absent: one frame.' })),
    },
    'The kit wrote a packet to the connection.',
  ),
  event(
    'sent-raw',
    { client, conn, text: Type.Optional(Type.String()), bytes: Type.Integer(), what: Type.String() },
    'The kit wrote something that is not a valid packet: text cut to 200 characters, size, what it is.',
  ),
  event(
    'got',
    {
      client,
      conn,
      packet: Type.Record(Type.String(), Type.Unknown()),
      earlier: Type.Optional(
        Type.Literal(true, {
          description: 'A receipt for what this account of --users sent in an earlier scenario: nothing is judged.',
        }),
      ),
    },
    'A valid packet of the subject arrived.',
  ),
  event(
    'got-invalid',
    {
      client,
      conn,
      level: Type.Union([Type.Literal('frame'), Type.Literal('packet')], {
        description: 'frame: no JSON object in one text frame. packet: one that the schemas forbid.',
      }),
      text: Type.String(),
      errors: Type.Array(Type.String()),
      rid: Type.Optional(Type.String({ description: 'The rid that it names, as far as that can be read.' })),
      msgId: Type.Optional(Type.String({ description: 'The msgId that it names, as far as that can be read.' })),
    },
    'The subject sent something that is not a valid packet of its role; text cut to 1,000 characters.',
  ),
  event(
    'unread',
    { client, conn, text: Type.String(), why: Type.String({ description: 'Which rule comes nearest.' }) },
    'A foreign frame that no rule of the dialect reads; text cut to 1,000 characters. Nothing is held against the subject then.',
  ),
  event(
    'cannot',
    { client, conn: Type.Optional(conn), packet: Type.Optional(Type.String()), why: Type.String() },
    'The script wants what cannot be said or heard through the dialect: it ends here.',
  ),
  event(
    'foreign',
    { client, conn, direction: Type.Union([Type.Literal('sent'), Type.Literal('got')]), text: Type.String() },
    'With --frames: a foreign frame as it stands; text cut to 1,000 characters, bytes as hexadecimal digits.',
  ),
  event(
    'handed',
    { client, conn, from: Type.String(), msgId: Type.String(), serverMsgId: Type.String() },
    "The receiver's application got the message.",
  ),
] as const;
