import { type Static, type TSchema, Type } from '@sinclair/typebox';

const closed = { additionalProperties: false } as const;

export const FRAMES = ['json', 'json-lines', 'json-records', 'socket.io', 'stomp'] as const;
export type FramesName = (typeof FRAMES)[number];

/** A frame with holes, any JSON: `{ type: message, id: '{msgId}', seq: '{n:int}' }`. */
const template = (description: string): TSchema =>
  Type.Unsafe<unknown>({ description, type: ['object', 'array', 'string', 'number', 'boolean', 'null'] });
const name = '[A-Za-z_][A-Za-z0-9_]*';
const packet = Type.Union([Type.Literal('msg:A'), Type.Literal('msg:N'), Type.Literal('ack:A'), Type.Literal('ack:N')]);

export const LoginStepSchema = Type.Object(
  {
    send: Type.Optional(template('What the client says. `{user}`, `{device}` and `{token}` are filled in.')),
    await: Type.Optional(
      template('The frame that the server answers with; its named holes are known to every later template.'),
    ),
    refused: Type.Optional(
      template('The frame with which the server lets the user not in; a hole `{why}` is what the report tells.'),
    ),
  },
  closed,
);

export const ReceiveRuleSchema = Type.Object(
  {
    when: template('The frame: members that are not named are ignored, the first rule that fits wins.'),
    is: Type.Optional(packet),
    with: Type.Optional(
      Type.Record(Type.String(), Type.Unknown(), {
        description: 'Members of the packet beside the captured ones: `{ status: duplicate }`.',
      }),
    ),
    each: Type.Optional(
      Type.String({ description: 'The member of the frame that is a list; the packet is made of each of its items.' }),
    ),
    item: Type.Optional(template('With `each`: what an item looks like.')),
    reply: Type.Optional(template('What the client answers at once, such as the answer to a heartbeat.')),
  },
  { ...closed, description: 'Without `is` the frame means nothing to the kit.' },
);

/** A dialect as it is written: the mapping between the frames of a foreign protocol and the six packets. */
export const DialectFileSchema = Type.Object(
  {
    $schema: Type.Optional(Type.String()),
    name: Type.Optional(Type.String({ description: 'How reports call it. Default: the name of the file.' })),
    about: Type.Optional(Type.String({ description: 'For people: which server, which version.' })),
    transport: Type.Optional(
      Type.Union([Type.Literal('ws'), Type.Literal('tcp')], { description: 'Default: ws, a WebSocket.' }),
    ),
    frames: Type.Union(
      FRAMES.map((one) => Type.Literal(one)),
      {
        description:
          'How the data is cut into frames, and what a template sees of one. json: a text frame each. json-lines: a line each. json-records: ended by the byte 1E. socket.io: { eio, sio, nsp, id, data }. stomp: { command, headers, body }.',
      },
    ),
    url: Type.Optional(
      Type.String({
        description:
          'Joined to the url of the server, `{user}`, `{device}` and `{token}` filled in: `?user={token}` extends the query, `/chat` replaces path and query, `socket.io/` follows the path.',
      }),
    ),
    subprotocol: Type.Optional(Type.String()),
    headers: Type.Optional(Type.Record(Type.String(), Type.String())),
    login: Type.Optional(Type.Array(LoginStepSchema, { description: 'Step by step, until the user is in.' })),
    send: Type.Object(
      {
        'msg:R': template('How a message is sent.'),
        'ack:R': Type.Optional(
          template('How the receiver acks one. Holes that a push captured are filled with what that push had.'),
        ),
      },
      closed,
    ),
    ackBy: Type.Optional(
      Type.String({
        description:
          'The hole of a push by which it is acked, where that is not an id of the message: it is known on that connection only.',
        pattern: `^${name}$`,
      }),
    ),
    once: Type.Optional(
      Type.Array(Type.Union([Type.Literal('msg:R'), Type.Literal('ack:R')]), {
        uniqueItems: true,
        description:
          'What may be said once only, because the protocol takes a repetition for another message, or for an error: a message; an ack of each push. A scenario that wants to repeat it ends there.',
      }),
    ),
    sharesQueue: Type.Optional(
      Type.Literal(true, {
        description:
          'Two connections of one user share what comes: the newer one does not take the place of the older one. A scenario that replaces a connection ends there.',
      }),
    ),
    prepare: Type.Optional(
      Type.Object(
        { send: template('Such as the opening of a conversation.'), await: Type.Optional(template('The answer.')) },
        { ...closed, description: 'Before the first message to somebody, once on each connection; `{to}` is who.' },
      ),
    ),
    receive: Type.Array(ReceiveRuleSchema, { minItems: 1 }),
    beat: Type.Optional(
      Type.Object(
        { everyMs: Type.Integer({ minimum: 10, maximum: 3_600_000 }), send: template('The sign of life.') },
        closed,
      ),
    ),
    closes: Type.Optional(
      Type.Record(Type.String({ pattern: '^[0-9]{4}$' }), Type.Union([Type.Literal(1001), Type.Literal(4409)]), {
        ...closed,
        description:
          'Close codes of the server, and those of im.ran.v1 that mean the same: 4409 replaced by a newer connection, 1001 the server stops.',
      }),
    ),
    leave: Type.Optional(template('Goodbye before a clean close.')),
    tables: Type.Optional(
      Type.Record(Type.String({ pattern: `^${name}$` }), Type.Record(Type.String(), Type.String()), {
        ...closed,
        description: 'For holes such as `{code|codes}`; the key `*` stands for all others.',
      }),
    ),
    promises: Type.Optional(
      Type.Array(Type.Literal('push-on-resend'), {
        description:
          'What the text of the protocol promises beside its frames. push-on-resend: a message that is sent again, and not acked, is pushed again.',
      }),
    ),
    cannotPromise: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 300, pattern: '^[^\\n]+$' }), {
        maxItems: 20,
        description:
          'What the protocol cannot promise, whatever a server does: a sentence each, which stand at the head of each report.',
      }),
    ),
    hooks: Type.Optional(
      Type.String({
        description:
          'A module beside this file with `incoming(frame)` and `outgoing(frame)`: what no template can say, such as a signature.',
      }),
    ),
    examples: Type.Optional(
      Type.Array(Type.Unknown(), { description: 'Frames of the server; `dialect check` shows how each is read.' }),
    ),
  },
  {
    ...closed,
    $id: 'https://im-conformance.dev/schemas/dialect.schema.json',
    title: 'Dialect',
    description:
      'How a server that speaks another protocol is tested: the mapping between its frames and the six packets.',
    examples: [
      {
        frames: 'json',
        url: '?user={token}',
        send: { 'msg:R': { type: 'message', id: '{msgId}', to: '{to}', content: '{body}' } },
        receive: [
          { when: { type: 'acknowledgement', id: '{msgId}' }, is: 'msg:A' },
          { when: { type: 'message', id: '{msgId}', from: '{from}', content: '{body}' }, is: 'msg:N' },
        ],
      },
    ],
  },
);
export type DialectFile = Static<typeof DialectFileSchema>;
export type ReceiveRule = Static<typeof ReceiveRuleSchema>;
export type LoginStep = Static<typeof LoginStepSchema>;
