import { type Static, Type } from '@sinclair/typebox';
import { ERROR_CODES } from './packets.js';
import {
  bodyText,
  clientName,
  closed,
  count,
  duration,
  label,
  messages,
  millis,
  packetType,
  placeholder,
  requirement,
  tokenKind,
  verb,
  which,
} from './script-values.js';

/** Everything a client of the kit can be told to do, by verb. */
export const CLIENT_VERBS = {
  connects: verb(
    {
      connects: Type.Literal(true),
      subprotocol: Type.Optional(
        Type.Union([Type.Literal(false), Type.String()], { description: 'What to offer instead of im.ran.v1.' }),
      ),
      token: Type.Optional(tokenKind),
      query: Type.Optional(
        Type.Union([tokenKind, Type.Object({ of: clientName }, closed)], {
          description:
            'What `access_token` in the query holds, beside the header: a token of this client, or `{ of: NAME }`.',
        }),
      ),
      over: Type.Optional(
        Type.Union([Type.Literal('plaintext'), Type.Literal('tls-1.1')], {
          description: 'Tries the same port without TLS, or with TLS 1.1 at most. It must not succeed.',
        }),
      ),
      refused: Type.Optional(Type.Integer({ description: 'The HTTP status with which the upgrade must fail.' })),
      reading: Type.Optional(
        Type.Literal(false, { description: 'Nothing is read from the first byte on, until the verb `reads`.' }),
      ),
      by: Type.Optional(requirement),
    },
    'Opens a connection. One that is still open becomes the `old` one. `token` is what the header carries.',
  ),
  disconnects: verb(
    {
      disconnects: Type.Union([Type.Literal('cleanly'), Type.Literal('reset'), Type.Literal('abruptly')], {
        description: 'cleanly: close frame. reset: TCP RST. abruptly: TCP end without a close frame.',
      }),
      connection: which,
      before: Type.Optional(packetType),
      of: Type.Optional(messages),
      status: Type.Optional(Type.String({ description: 'Of the packet that must not have arrived.' })),
      afterMs: Type.Optional(millis),
    },
    'Ends a connection; with `before`, only if that packet has not arrived after `afterMs` (the fault fires or not).',
  ),
  goes: verb(
    { goes: Type.Literal('silent'), connection: which },
    'Half-open: from now on nothing is read or written on the connection, which stays.',
  ),
  reads: verb(
    { reads: Type.Boolean(), connection: which },
    'Stops or resumes reading the connection, as a stalled reader does; writing goes on, pings stay unanswered meanwhile.',
  ),
  sends: verb(
    {
      sends: messages,
      to: clientName,
      body: Type.Optional(bodyText),
      ttlMs: Type.Optional(Type.Union([Type.Integer({ minimum: 1 }), duration])),
      msgId: Type.Optional(Type.String({ description: 'A chosen msgId instead of a fresh one.' })),
      sameIdAs: Type.Optional(label),
      fields: Type.Optional(
        Type.Record(Type.String(), Type.Unknown(), {
          description: 'Further fields; `{user:NAME}` is the user id of a client.',
        }),
      ),
      times: Type.Optional(count),
      lost: Type.Optional(Type.Literal(true, { description: 'The packet is lost on its way: never written.' })),
      delayed: Type.Optional(Type.Literal(true, { description: 'Held back until `releases`.' })),
      reordered: Type.Optional(Type.Literal(true, { description: 'Written in the reverse order of the labels.' })),
      unanswered: Type.Optional(
        Type.Integer({
          minimum: 1,
          description: 'At most that many without a msg:A at once: for ranges of thousands.',
        }),
      ),
      connection: which,
    },
    'Sends msg:R of new messages.',
  ),
  resends: verb(
    {
      resends: messages,
      times: Type.Optional(count),
      lost: Type.Optional(Type.Literal(true)),
      connection: which,
    },
    'Sends msg:R of known messages again: same msgId, fresh rid. Any device of the sender may do it.',
  ),
  releases: verb({ releases: messages }, 'Writes the msg:R or ack:R that was `delayed`.'),
  acks: verb(
    {
      acks: messages,
      times: Type.Optional(count),
      lost: Type.Optional(Type.Literal(true)),
      delayed: Type.Optional(Type.Literal(true)),
      reordered: Type.Optional(Type.Literal(true)),
      connection: which,
    },
    'Sends ack:R with the serverMsgId that the kit saw for the message, whoever received it.',
  ),
  acksId: verb(
    { acksId: Type.String(), connection: which },
    'Sends ack:R for a serverMsgId that no message of this scenario has; `{like:m1}` is a fresh one that looks like that of m1. Its label is `unknown`.',
  ),
  opens: verb(
    { opens: messages, by: requirement },
    'Decrypts the body of a message that came: it must be, byte for byte, what the sender encrypted for this client.',
  ),
  floods: verb(
    {
      floods: Type.Union(
        (['connections', 'handshakes', 'pings', 'fragments', 'requests'] as const).map((what) => Type.Literal(what)),
      ),
      times: count,
      sameDevice: Type.Optional(
        Type.Literal(true, { description: 'Connections of one device: each replaces the one before.' }),
      ),
    },
    'Abuses the server while the bystanders exchange at least three messages in time (IM-1-25); then its connections end.',
  ),
  gets: verb(
    {
      gets: Type.Union([packetType, Type.Literal('close'), Type.Literal('pong'), Type.Literal('any')], {
        description: '`any`: a packet or a close, whichever comes first.',
      }),
      of: Type.Optional(messages),
      status: Type.Optional(Type.Union([Type.String(), Type.Array(Type.String(), { minItems: 1 })])),
      error: Type.Optional(Type.Union(ERROR_CODES.map((code) => Type.Literal(code)))),
      code: Type.Optional(Type.Union([Type.Integer(), placeholder, Type.Array(Type.Integer(), { minItems: 1 })])),
      times: Type.Optional(count),
      lacks: Type.Optional(
        Type.Array(Type.String(), {
          minItems: 1,
          description:
            'Words that must be nowhere in the packet: neither the name of a member, at any depth, nor a text.',
        }),
      ),
      within: Type.Optional(duration),
      already: Type.Optional(
        Type.Literal(true, { description: 'It must have come before this step: nothing is waited for.' }),
      ),
      by: Type.Optional(requirement),
      connection: which,
    },
    'Waits for the next packet of the connection that matches; without `within`, for answerWithinMs. A msg:N is handed to the application.',
  ),
  drops: verb(
    {
      drops: packetType,
      of: messages,
      times: Type.Optional(count),
      within: Type.Optional(duration),
      by: Type.Optional(requirement),
    },
    'Waits for the packet and throws it away: as if the network had lost it, with the link kept.',
  ),
  getsNo: verb(
    {
      getsNo: Type.Union([packetType, Type.Literal('close')]),
      of: Type.Optional(messages),
      status: Type.Optional(Type.String()),
      for: duration,
      further: Type.Optional(Type.Literal(true, { description: 'What has arrived before this step does not count.' })),
      by: requirement,
      connection: which,
    },
    'Watches the connection for that long: nothing that matches may arrive.',
  ),
  writes: verb(
    {
      writes: Type.Union([
        Type.Object(
          {
            text: Type.String({
              description:
                '`{rid}`: a fresh rid, answered as message `raw`. `{rid64}`: one of 64 characters. `{msgId}`: a fresh id. `{user:NAME}`: a user id. `{sid:m1}`: the serverMsgId of a message.',
            }),
          },
          closed,
        ),
        Type.Object({ base64: Type.String(), binary: Type.Optional(Type.Boolean()) }, closed),
        Type.Object({ frameBytes: Type.Union([count, duration]), over: Type.Optional(Type.Integer()) }, closed),
        Type.Object(
          {
            nested: Type.Union([Type.Literal('arrays'), Type.Literal('objects'), placeholder]),
            levels: count,
          },
          { ...closed, description: 'An ack:R, answered as message `raw`, with an unknown field of that many levels.' },
        ),
      ]),
      what: Type.String({ description: 'What is wrong with it, in a few words.' }),
      connection: which,
    },
    'Writes one frame that the packet schemas need not allow.',
  ),
  pings: verb({ pings: Type.Literal(true) }, 'Sends a WebSocket ping.'),
  answersPings: verb({ answersPings: Type.Boolean() }, 'Stops or resumes answering pings; reading goes on.'),
  fetches: verb(
    { fetches: Type.Literal('description') },
    'Reads the description at /.well-known/im-ran: one that is served must be valid against its schema (IM-1-19).',
  ),
  autoAcks: verb(
    { autoAcks: Type.Boolean() },
    'From now on hands over and acks every msg:N at once, as a complete receiver does.',
  ),
} as const;
export type ClientVerb = keyof typeof CLIENT_VERBS;
export type ClientAction = { [V in ClientVerb]: { verb: V } & Static<(typeof CLIENT_VERBS)[V]> }[ClientVerb];
