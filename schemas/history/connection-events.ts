import { Type } from '@sinclair/typebox';
import { client, conn, event, node } from './event.js';

/** How an upgrade can fail. */
export const REFUSALS = ['status', 'subprotocol', 'form', 'timeout', 'network', 'kit'] as const;
export type Refusal = (typeof REFUSALS)[number];

/** How a connection can end. */
export const CONNECTION_END = ['clean', 'reset', 'lost'] as const;

/** Connections of clients: how they begin, stand still and end. */
export const CONNECTION_EVENTS = [
  event(
    'client',
    { client, user: Type.String(), device: Type.String() },
    'A client of the script exists; the user and the device that its token names.',
  ),
  event(
    'opening',
    {
      client,
      conn,
      node,
      voice: Type.Optional(
        Type.String({ description: 'How the client speaks on this connection, as far as that is not as usual.' }),
      ),
    },
    'The client began to connect.',
  ),
  event('open', { client, conn }, 'The WebSocket upgrade succeeded.'),
  event(
    'refused',
    {
      client,
      conn,
      status: Type.Optional(Type.Integer()),
      refusal: Type.Union(REFUSALS.map((name) => Type.Literal(name))),
      retryAfterMs: Type.Optional(
        Type.Integer({ minimum: 0, description: 'What the kit said in Retry-After to a client under test.' }),
      ),
      error: Type.String(),
    },
    'The upgrade failed; HTTP status if there was one.',
  ),
  event(
    'closed',
    {
      client,
      conn,
      by: Type.Union([Type.Literal('kit'), Type.Literal('subject')]),
      how: Type.Union(CONNECTION_END.map((how) => Type.Literal(how))),
      code: Type.Optional(Type.Integer()),
      reason: Type.Optional(Type.String({ description: 'Of the close frame, if it gave one.' })),
    },
    'The connection ended: `clean` with a close frame, `reset` by RST, `lost` without one (TCP end, code 1006).',
  ),
  event(
    'silent',
    { client, conn },
    'From here on the client neither reads nor writes on this connection, and the connection stays.',
  ),
  event(
    'reading',
    { client, conn, reading: Type.Boolean() },
    'The client stopped reading its connection, or reads again; it goes on writing.',
  ),
  event('got-pong', { client, conn }, 'A WebSocket pong arrived.'),
] as const;
