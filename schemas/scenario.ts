import { type Static, type TProperties, Type } from '@sinclair/typebox';
import { SERVER_CLASSES } from './description.js';
import { ERROR_CODES, PACKET_TYPES } from './packets.js';

/** The script language: what a scenario file may say. One verb a step; options are closed, so a typo is an error. */

const closed = { additionalProperties: false } as const;

const label = Type.String({
  title: 'Messages',
  description:
    'A label (`m1`), or a range of labels with the same stem (`m1..m64`). `{maxInFlight}` and `{maxInboxMessages}` are what the server declares; `{maxInFlight-1}` and `{maxInFlight+1}` too.',
  pattern: '^[a-z][A-Za-z0-9{}+-]*(\\.\\.[a-z][A-Za-z0-9{}+-]*)?$',
});
const messages = Type.Union([label, Type.Array(label, { minItems: 1 })]);
const clientName = Type.String({ pattern: '^[a-z][A-Za-z0-9-]{0,23}$' });
const requirement = Type.String({ title: 'Requirement id', pattern: '^IM-[0-9]+(\\.[0-9]+)?-[0-9]+$' });
const packetType = Type.Union(PACKET_TYPES.map((type) => Type.Literal(type)));
/** A number may come from a matrix, as `{name}`. */
const placeholder = Type.String({ pattern: '^\\{[a-z][A-Za-z0-9]*([+-][0-9]+)?\\}$' });
const count = Type.Union([Type.Integer({ minimum: 1, maximum: 1_000_000 }), placeholder]);
const millis = Type.Union([Type.Number({ minimum: 0, maximum: 600_000 }), placeholder]);
const duration = Type.Union(
  [
    Type.Number({ minimum: 0, maximum: 600_000 }),
    Type.String({ pattern: '^([0-9.]+ x )?(answerWithinMs|redeliverAfterMs|redeliverMaxMs|deadAfterMs)$' }),
    placeholder,
  ],
  { title: 'Duration', description: 'Milliseconds, or a multiple of a declared timer: `2 x redeliverAfterMs`.' },
);
const which = Type.Optional(
  Type.Literal('old', { description: 'The connection before the current one. Without it: the current one.' }),
);
const bodyText = Type.Union([
  Type.String(),
  Type.Object(
    { jwe: Type.String({ description: 'Encrypted for the recipient: the body is a compact JWE of this text.' }) },
    closed,
  ),
  Type.Object(
    {
      bytes: Type.Union([count, Type.Integer({ minimum: 0 })]),
      of: Type.Optional(Type.String({ minLength: 1, description: 'Repeated, then filled up with `x`.' })),
    },
    closed,
  ),
  Type.Object(
    {
      limit: Type.Union([Type.Integer(), placeholder], {
        description: 'Bytes over (or, negative, under) the declared maxBodyBytes.',
      }),
      of: Type.Optional(Type.String({ minLength: 1 })),
    },
    closed,
  ),
]);

/** What a token can be; all but `own` must be refused. Which ones the kit can make depends on where its tokens come from. */
export const TOKEN_KINDS = [
  'own',
  'none',
  'malformed',
  'expired',
  'not-yet',
  'unsigned',
  'wrong-key',
  'tampered',
] as const;
export type TokenKind = (typeof TOKEN_KINDS)[number];
const tokenKind = Type.Union([...TOKEN_KINDS.map((kind) => Type.Literal(kind)), placeholder]);

const verb = <P extends TProperties>(fields: P, description: string) => Type.Object(fields, { ...closed, description });

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
          description: 'Members that the packet must not have, at any depth.',
        }),
      ),
      within: Type.Optional(duration),
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

const trigger = Type.Optional(
  Type.Object(
    {
      client: clientName,
      gets: packetType,
      of: Type.Optional(messages),
      status: Type.Optional(Type.String()),
      count: Type.Optional(count),
    },
    {
      ...closed,
      description: 'Acts at the moment the client has received that many such packets since the step before.',
    },
  ),
);

const before = Type.Optional(
  Type.Object(
    { client: clientName, gets: packetType, of: Type.Optional(messages) },
    { ...closed, description: 'The fault fires only if the client has no such packet yet.' },
  ),
);

/** What can be done to the process under test. A scenario that uses one has the subject to itself. */
export const SERVER_VERBS = {
  crashes: verb(
    { crashes: Type.Literal(true), when: trigger, before, afterMs: Type.Optional(millis) },
    'SIGKILL to the process group; done when all sockets have closed and the port refuses.',
  ),
  stops: verb(
    { stops: Type.Literal(true), when: trigger, afterMs: Type.Optional(millis) },
    'SIGTERM; done when the process has ended.',
  ),
  restarts: verb({ restarts: Type.Literal(true) }, 'Starts the process again on the same port and data.'),
  freezes: verb({ freezes: duration, when: trigger, before }, 'SIGSTOP, that long, then SIGCONT.'),
  scrapes: verb(
    { scrapes: Type.Literal(true) },
    'Reads the metrics page that the server declares. The judges compare it with what the kit counted.',
  ),
  marksMemory: verb(
    { marksMemory: Type.Literal(true) },
    'What the process group has held at its most until now is what memoryStays compares with.',
  ),
  memoryStays: verb(
    {
      memoryStays: Type.Object(
        { below: Type.Integer({ minimum: 1_048_576, description: 'Bytes over what it held at the mark.' }) },
        closed,
      ),
      by: requirement,
    },
    'The most resident memory that the process group has held since marksMemory must be below that.',
  ),
  jumps: verb(
    {
      jumps: Type.Union([Type.Integer({ minimum: -86_400_000, maximum: 86_400_000 }), placeholder], {
        description: 'Milliseconds from the true time; 0 sets the clock right.',
      }),
    },
    'Sets the wall clock of the server, as an administrator or a time service does. It needs libfaketime (Debian: libfaketime).',
  ),
} as const;
export type ServerVerb = keyof typeof SERVER_VERBS;

/** Steps that order other steps. */
export const CONTROL_VERBS = {
  together: verb({ together: Type.Array(Type.Unknown(), { minItems: 2 }) }, 'Runs the steps at the same time.'),
  repeat: verb(
    {
      repeat: Type.Union([count, Type.Array(Type.Union([Type.Number(), Type.String()]), { minItems: 1 })]),
      steps: Type.Array(Type.Unknown(), { minItems: 1 }),
    },
    'Runs the steps that many times; `{round}` counts from 1. With a list: once for each item, which is `{value}`.',
  ),
  sweep: verb(
    {
      sweep: Type.Array(Type.Number({ minimum: 0, maximum: 600_000 }), {
        minItems: 2,
        description:
          'From the least to the greatest. The first is where the fault surely fires. `--sweep` and `--repeat` try others between them, so `{value}` may be any number in that range; an integer where all of these are.',
      }),
      steps: Type.Array(Type.Unknown(), { minItems: 1 }),
    },
    'Runs the steps once for each moment of a sweep, which is `{value}`: milliseconds, or a number of packets.',
  ),
  insert: verb(
    { insert: Type.String() },
    'The steps that the matrix axis of that name holds for this cell. `axis.part` where a cell holds several lists by name.',
  ),
  waits: verb({ waits: duration, because: Type.String({ minLength: 10 }) }, 'Lets a declared timer pass.'),
} as const;
/** Checked against FaultCellSchema once the names are filled in; what is no cell of the matrix then is a variation of one. */
const oneOrMore = Type.Union([Type.String(), Type.Array(Type.String(), { minItems: 1, uniqueItems: true })]);
const matrixCell = Type.Object({ packet: oneOrMore, fault: oneOrMore, receiver: oneOrMore }, closed);

export const ScenarioFileSchema = Type.Object(
  {
    scenario: Type.String({ minLength: 8, description: 'One sentence: what a conforming server does.' }),
    class: Type.Union(SERVER_CLASSES.map((name) => Type.Literal(name))),
    proves: Type.Array(requirement, { minItems: 1, uniqueItems: true }),
    seenIn: Type.Optional(
      Type.Array(Type.String({ pattern: '^([\\w.-]+/[\\w.-]+#[0-9]+|CVE-[0-9]+-[0-9]+)$' }), {
        description: 'Real bugs that this scenario would have caught: owner/repository#number.',
      }),
    ),
    about: Type.Optional(Type.String({ description: 'Why it matters, for people.' })),
    requires: Type.Optional(
      Type.Array(Type.String({ pattern: '^((limits|timers)\\.[A-Za-z]+( (<=|>=) [0-9]+)?|metrics)$' }), {
        description:
          'Members of the description without which the scenario does not apply; `limits.maxInFlight <= 1000` also bounds the value.',
      }),
    ),
    alsoNeeds: Type.Optional(
      Type.Array(Type.Union(SERVER_CLASSES.map((name) => Type.Literal(name))), {
        description: 'Further classes that the subject must claim for the scenario to apply.',
        uniqueItems: true,
      }),
    ),
    alone: Type.Optional(
      Type.Literal(true, { description: 'Has the subject to itself, as a scenario that kills it always has.' }),
    ),
    clients: Type.Union([
      Type.Array(clientName, { minItems: 1, uniqueItems: true }),
      Type.Record(
        clientName,
        Type.Object(
          {
            userOf: Type.Optional(clientName),
            device: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9._-]{1,32}$' })),
            away: Type.Optional(Type.Literal(true, { description: 'Was connected once and has left.' })),
            absent: Type.Optional(Type.Literal(true, { description: 'Has not connected yet.' })),
            autoAcks: Type.Optional(Type.Literal(true)),
          },
          closed,
        ),
      ),
    ]),
    bystanders: Type.Optional(
      Type.Literal(true, { description: 'Two more users keep talking all the while; nothing may disturb them.' }),
    ),
    matrix: Type.Optional(
      Type.Record(
        Type.String({ pattern: '^[a-z][A-Za-z0-9]*$' }),
        Type.Record(Type.String({ pattern: '^[a-z0-9][A-Za-z0-9.-]*$' }), Type.Unknown()),
        { description: 'Axis → cell name → value: text or number for `{axis}`, steps for `insert`.' },
      ),
    ),
    matrixCell: Type.Optional(
      Type.Union([matrixCell, Type.Array(matrixCell, { minItems: 1 })], {
        description:
          'The cells of the fault matrix that this scenario plays: lists stand for all combinations, `{axis}` for the name of its cell there.',
      }),
    ),
    except: Type.Optional(
      Type.Array(Type.Object({ cell: Type.String(), why: Type.String({ minLength: 10 }) }, closed), {
        description: 'Cells that do not exist, and why.',
      }),
    ),
    settle: Type.Optional(
      Type.Object(
        {
          resends: Type.Optional(
            Type.Boolean({ description: 'Senders re-send what has no terminal ack:N. Default true.' }),
          ),
          reconnects: Type.Optional(Type.Boolean({ description: 'Receivers reconnect. Default true.' })),
        },
        closed,
      ),
    ),
    script: Type.Array(Type.Unknown(), { minItems: 1 }),
  },
  {
    ...closed,
    $id: 'https://im-conformance.dev/schemas/scenario.schema.json',
    title: 'Scenario script',
    description: 'One scenario file: who takes part, what they do, and which requirements that proves.',
    examples: [
      {
        scenario: 'A lost msg:N is pushed again when the sender re-sends',
        class: 'core',
        proves: ['IM-4.2-9'],
        clients: ['alice', 'bob'],
        script: [
          { alice: { sends: 'm1', to: 'bob' } },
          { bob: { drops: 'msg:N', of: 'm1' } },
          { alice: { resends: 'm1' } },
          { bob: { gets: 'msg:N', of: 'm1' } },
        ],
      },
    ],
  },
);

export type ScenarioFile = Static<typeof ScenarioFileSchema>;
export type BodySpec = Static<typeof bodyText>;
export type DurationSpec = Static<typeof duration>;
export type ClientAction = { [V in ClientVerb]: { verb: V } & Static<(typeof CLIENT_VERBS)[V]> }[ClientVerb];
export type ServerAction = { [V in ServerVerb]: { verb: V } & Static<(typeof SERVER_VERBS)[V]> }[ServerVerb];
export type Trigger = NonNullable<Static<typeof trigger>>;
export type Before = NonNullable<Static<typeof before>>;
