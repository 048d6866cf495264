import { type Static, Type } from '@sinclair/typebox';

const closed = { additionalProperties: false } as const;
const user = Type.String({ pattern: '^[A-Za-z0-9._@-]{1,64}$' });
const millis = Type.Integer({ minimum: 1, description: 'Milliseconds.' });
const said = { description: 'What a bot says may hold further members; a kit ignores them.' } as const;

const TIMERS = [
  'resendAfterMs',
  'resendMaxMs',
  'retryWindowMs',
  'reconnectAfterMs',
  'reconnectMaxMs',
  'deadAfterMs',
] as const;

/** What a library can report of a message that was handed to it. */
export const OUTCOME_STATUSES = ['stored', 'delivered', 'expired', 'refused', 'unknown'] as const;

const hello = Type.Object(
  {
    words: Type.Literal(1, { description: 'Version of the words.' }),
    start: Type.String({ minLength: 1, description: 'New in every start.' }),
    name: Type.String(),
    roles: Type.Array(Type.Union([Type.Literal('sender'), Type.Literal('receiver')]), { minItems: 1 }),
    classes: Type.Optional(Type.Array(Type.String())),
    timers: Type.Optional(Type.Object(Object.fromEntries(TIMERS.map((name) => [name, Type.Optional(millis)])))),
    limits: Type.Optional(Type.Object({ maxUnanswered: Type.Optional(Type.Integer({ minimum: 1 })) })),
    can: Type.Optional(Type.Array(Type.String())),
  },
  said,
);

const item = Type.Union([
  Type.String(),
  Type.Object({
    head: Type.String({ description: 'The first 64 characters of a body of more than 1,000.' }),
    bytes: Type.Integer({ minimum: 1 }),
    sha256: Type.Optional(Type.String({ pattern: '^[0-9a-fA-F]{64}$', description: 'Of its UTF-8, in hex.' })),
  }),
]);

const inventory = Type.Object(
  {
    from: user,
    ask: Type.Integer(),
    part: Type.Integer({ minimum: 1 }),
    parts: Type.Integer({ minimum: 1 }),
    items: Type.Array(item),
  },
  said,
);

const outcome = Type.Object(
  {
    msgId: Type.Optional(Type.String()),
    body: Type.Optional(Type.String({ description: 'Instead of msgId, of what was never sent: its head.' })),
    status: Type.Union(OUTCOME_STATUSES.map((name) => Type.Literal(name))),
  },
  { ...said, anyOf: [{ required: ['msgId'] }, { required: ['body'] }] },
);

const message = Type.Object({ to: user, body: Type.String(), ttlMs: Type.Optional(millis) }, closed);

const told = (does: string, fields: Parameters<typeof Type.Object>[0] = {}) =>
  Type.Object({ do: Type.Literal(does), ...fields }, closed);

/** The body of a message from or to the user `conductor`: how a kit and the bot of a client library talk. */
export const BotWordSchema = Type.Union(
  [
    Type.Object({ hello }, closed),
    Type.Object({ inventory }, closed),
    Type.Object({ outcome }, closed),
    told('send', { messages: Type.Array(message, { minItems: 1 }) }),
    told('stream', {
      to: user,
      prefix: Type.String(),
      count: Type.Integer({ minimum: 0 }),
      everyMs: Type.Integer({ minimum: 0 }),
    }),
    told('inventory', { from: user, ask: Type.Integer() }),
    told('disconnect', { forMs: millis }),
    told('exit'),
  ],
  {
    $id: 'https://im-conformance.dev/schemas/bot-words.schema.json',
    title: 'A word of a bot, or to a bot',
    description: 'Version 1; see spec/appendix-bot-words.md.',
    examples: [
      { do: 'send', messages: [{ to: 'bob', body: 'hi', ttlMs: 5000 }] },
      { outcome: { msgId: 'm-1', status: 'delivered' } },
    ],
  },
);

/** What a bot says of itself, once in each start. */
export type BotHello = Static<typeof hello> & { timers?: Record<string, number>; limits?: Record<string, number> };
/** One part of what the application holds from a user. */
export type BotInventory = Static<typeof inventory>;
/** A body, or of a long one its head, its length in bytes and perhaps its hash. */
export type InventoryItem = Static<typeof item>;
/** What the library reports of a message. */
export type BotOutcome = Static<typeof outcome>;
