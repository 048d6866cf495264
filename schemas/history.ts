import { type Static, Type } from '@sinclair/typebox';
import { ProfileSchema } from './profile.js';
import type { RequirementId } from './requirement-ids.generated.js';
import { CLIENT_CLASSES, SERVER_CLASSES, SUBJECT_CLASSES, type SubjectClass } from './wire.js';

/** Version of the histories that this kit writes. It reads version 1, too. */
export const HISTORY_VERSION = 2;

/** What a subject is in the protocol: the kit plays the other side. */
export const ROLES = ['server', 'client'] as const;
/** What a subject is in the protocol. */
export type Role = (typeof ROLES)[number];

/** What a subject of a role may claim. */
export const CLASSES_OF: Readonly<Record<Role, readonly SubjectClass[]>> = {
  server: SERVER_CLASSES,
  client: CLIENT_CLASSES,
};

export const SubjectSchema = Type.Object(
  {
    role: Type.Union(ROLES.map((name) => Type.Literal(name))),
    classes: Type.Array(Type.Union(SUBJECT_CLASSES.map((name) => Type.Literal(name)))),
    can: Type.Optional(
      Type.Array(Type.String(), { description: 'What the bot of a client says that it can do beside the rest.' }),
    ),
    serves: Type.Optional(
      Type.Array(Type.Union(SERVER_CLASSES.map((name) => Type.Literal(name))), {
        description:
          'What it claims beyond the classes that are tested: it is held to none of it, and does it all the same.',
      }),
    ),
  },
  { description: 'What is under test: its role, and the classes that it claims.' },
);

/** What a script can do wrong on purpose. */
export const FAULTS = [
  'drop',
  'delay',
  'duplicate',
  'reorder',
  'disconnect',
  'reset',
  'cut',
  'silence',
  'stall',
  'mute',
  'flood',
  'crash',
  'stop',
  'freeze',
  'cut-off',
  'slow',
  'clock',
  'shortage',
  'refuse',
  'reject',
] as const;
export type Fault = (typeof FAULTS)[number];

/** What the commands of `--node-command` can do to a node. */
export const NODE_VERBS = ['start', 'stop', 'kill', 'freeze', 'thaw', 'cut', 'heal', 'replace'] as const;
export type NodeVerb = (typeof NODE_VERBS)[number];

/**
 * How the links of a node are cut, as the node sees it. `both`: nothing crosses. `out`: what it says is lost. `in`: what it
 * would hear is lost. `half-open`: the far ends of what is open have gone, the node is not told, and new connections work.
 * `refused`: what is open is reset, and new connections are.
 */
export const CUT_WAYS = ['both', 'out', 'in', 'half-open', 'refused'] as const;
export type CutWay = (typeof CUT_WAYS)[number];

/** What the kit can take from the process under test. */
export const RESOURCES = ['disk', 'descriptors'] as const;
export type Resource = (typeof RESOURCES)[number];

/** How an upgrade can fail. */
export const REFUSALS = ['status', 'subprotocol', 'form', 'timeout', 'network', 'kit'] as const;
export type Refusal = (typeof REFUSALS)[number];

/** How an expectation can be missed. */
export const MISSES = ['nothing-came', 'wrong-packet', 'connection-ended', 'unwanted-packet', 'observed'] as const;
export type Miss = (typeof MISSES)[number];

/**
 * A history is NDJSON: a `history` line first, then one event a line, in the order in which the kit saw them.
 * `at` is milliseconds since the history began. `conn` numbers the connections of one history from 1.
 */
const at = Type.Number({ minimum: 0, description: 'Milliseconds since the history began.' });
const client = Type.String({
  description: 'Name of the client in the script; where a client is under test, that of the subject.',
});
const conn = Type.Integer({ minimum: 1, description: 'Connection number, unique within the history.' });
const node = Type.Optional(
  Type.Integer({ minimum: 1, description: 'Which node of a server with several. Absent: all, or the only one.' }),
);
const message = Type.Optional(Type.String({ description: 'Label of the message in the script.' }));

const event = <K extends string, P extends Parameters<typeof Type.Object>[0]>(
  kind: K,
  fields: P,
  description: string,
) => Type.Object({ kind: Type.Literal(kind), at, ...fields }, { description });

export const HistoryHeadSchema = Type.Object(
  {
    kind: Type.Literal('history'),
    version: Type.Literal(HISTORY_VERSION),
    scenario: Type.String({ description: 'Scenario id, path#cell.' }),
    subject: SubjectSchema,
    timers: Type.Union(
      [
        Type.Object({
          answerWithinMs: Type.Number(),
          redeliverAfterMs: Type.Number(),
          redeliverMaxMs: Type.Number(),
          deadAfterMs: Type.Number(),
          dedupWindowMs: Type.Number(),
        }),
        Type.Object({
          resendAfterMs: Type.Number(),
          resendMaxMs: Type.Number(),
          retryWindowMs: Type.Number(),
          reconnectAfterMs: Type.Number(),
          reconnectMaxMs: Type.Number(),
          deadAfterMs: Type.Number(),
        }),
      ],
      { description: 'What the subject declares, a server or a client.' },
    ),
    patienceMs: Type.Number({ minimum: 0, description: 'Added to every bound.' }),
    limits: Type.Optional(
      Type.Object(
        {
          maxInFlight: Type.Optional(Type.Integer({ minimum: 1 })),
          maxInboxMessages: Type.Optional(Type.Integer({ minimum: 1 })),
          maxUnanswered: Type.Optional(Type.Integer({ minimum: 1 })),
        },
        { description: 'What the subject declared of them: what it did not declare is not judged.' },
      ),
    ),
    network: Type.Optional(
      Type.Object(
        {
          roundTripMs: Type.Number({ minimum: 0, description: 'Slowest way there and back: added to every bound.' }),
          bytesPerSecond: Type.Optional(
            Type.Integer({ minimum: 1, description: 'What the line carries, if that is little.' }),
          ),
        },
        { description: 'What lies between the kit and the server. Absent: nothing that counts.' },
      ),
    ),
    dialect: Type.Optional(
      Type.Object(
        {
          name: Type.String(),
          profile: ProfileSchema,
          notJudged: Type.Array(Type.Unsafe<RequirementId>(Type.String()), {
            description: 'What rests on something that the foreign protocol does not have.',
          }),
        },
        { description: 'The dialect through which a server of another protocol was tested. Absent: im.ran.v1 itself.' },
      ),
    ),
    startedAt: Type.Integer({ description: 'Unix epoch milliseconds by the clock of the kit.' }),
  },
  { description: 'First line of a history.' },
);

export const CONNECTION_END = ['clean', 'reset', 'lost'] as const;

export const HistoryEventSchema = Type.Union(
  [
    HistoryHeadSchema,
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
    event('got-pong', { client, conn }, 'A WebSocket pong arrived.'),
    event(
      'handed',
      { client, conn, from: Type.String(), msgId: Type.String(), serverMsgId: Type.String() },
      "The receiver's application got the message.",
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
    event(
      'fault',
      {
        fault: Type.Union(FAULTS.map((name) => Type.Literal(name))),
        detail: Type.Optional(Type.String({ description: 'More about it, for people.' })),
        step: Type.String({ description: 'Where in the script the fault stands.' }),
        fired: Type.Boolean(),
        node,
        client: Type.Optional(client),
        packet: Type.Optional(Type.String({ description: 'Type of the packet that the fault is aimed at.' })),
        message,
      },
      'A fault of the script, and whether it fired. One that never fired makes the scenario inconclusive.',
    ),
    event(
      'subject',
      {
        event: Type.Union(
          (
            [
              'started',
              'killing',
              'killed',
              'stopping',
              'stopped',
              'frozen',
              'continued',
              'starting',
              'cut',
              'slowed',
              'healed',
              'clock',
              'short',
              'supplied',
              'exited',
            ] as const
          ).map((e) => Type.Literal(e)),
        ),
        node,
        service: Type.Optional(
          Type.Integer({ minimum: 1, description: 'Which of the services that the kit started, in their order.' }),
        ),
        way: Type.Optional(
          Type.Union(
            CUT_WAYS.map((way) => Type.Literal(way)),
            { description: 'Of `cut`: what is lost.' },
          ),
        ),
        signal: Type.Optional(Type.String()),
        code: Type.Optional(Type.Integer()),
        offsetMs: Type.Optional(Type.Integer({ description: 'Of `clock`: from the true time.' })),
        resource: Type.Optional(
          Type.Union(
            RESOURCES.map((name) => Type.Literal(name)),
            { description: 'Of `short` and `supplied`.' },
          ),
        ),
      },
      'What happened to the process under test. `exited`: by itself. `clock`: the kit set it. `short`: the kit leaves it no more of a resource than it has; `supplied`: it gave it back. `killing`: SIGKILL is about to be sent. `killed`: the port refuses. `starting`: a node or a service is about to be started again. `cut`, `slowed`, `healed`: its links to other nodes and to services.',
    ),
    event(
      'metrics',
      {
        askedAt: Type.Number({
          minimum: 0,
          description: 'When the request was begun; `at` is when the answer was read.',
        }),
        node,
        of: Type.Optional(
          Type.Integer({ minimum: 2, description: 'Of so many nodes; the page of each follows in their order.' }),
        ),
        status: Type.Optional(Type.Integer({ description: 'HTTP status, if there was one.' })),
        contentType: Type.Optional(Type.String()),
        text: Type.Optional(Type.String({ description: 'The page as it came, cut to 262,144 characters.' })),
        error: Type.Optional(Type.String({ description: 'Why there was no page.' })),
      },
      'The kit asked for the metrics page of the subject.',
    ),
    event(
      'network',
      {
        queuedMs: Type.Integer({
          minimum: 1,
          description: 'So long the line still needs for what it was given: added to every bound from here on.',
        }),
      },
      'The line to the server is slow, and behind.',
    ),
    event('settling', {}, 'Every fault has ended; receivers reconnect and ack, senders re-send.'),
    event('settled', { complete: Type.Boolean() }, 'Settling ended; complete: nothing was left to wait for.'),
    event(
      'step',
      {
        step: Type.String({ description: 'Path in the script, such as `3` or `4.2`.' }),
        text: Type.String({ description: 'The step as the script has it.' }),
        requirement: Type.Unsafe<RequirementId | ''>(Type.String()),
        outcome: Type.Union([
          Type.Literal('met'),
          Type.Literal('missed'),
          Type.Literal('unreached'),
          Type.Literal('skipped'),
        ]),
        expected: Type.String(),
        seen: Type.String(),
        miss: Type.Optional(
          Type.Union(
            MISSES.map((name) => Type.Literal(name)),
            {
              description:
                'How it was missed. nothing-came: only the bound passed. connection-ended: before that. observed: what was looked at was not as it must be.',
            },
          ),
        ),
        closeCode: Type.Optional(
          Type.Integer({ description: 'Of the connection that ended; 1006: without a close frame.' }),
        ),
        waitedMs: Type.Number(),
        awaits: Type.Optional(
          Type.Object(
            { packet: Type.String(), status: Type.Optional(Type.String()) },
            {
              description:
                'What was waited for: the type of a packet, `close`, `pong` or `any`. Absent: something else.',
            },
          ),
        ),
        client: Type.Optional(client),
        late: Type.Optional(
          Type.Boolean({ description: 'Missed only because a time bound passed: worth another try with patience.' }),
        ),
        message,
      },
      'An expectation of the script and its outcome. `unreached`: a precondition of the kit failed, nobody is to blame. `skipped`: through a dialect, it waits for what the foreign protocol does not have.',
    ),
    event(
      'end',
      {
        stalledMs: Type.Optional(
          Type.Integer({
            minimum: 0,
            description:
              'Longest time for which the event loop of the kit stood still meanwhile. Absent: not measured.',
          }),
        ),
        networkStalledMs: Type.Optional(
          Type.Integer({
            minimum: 0,
            description:
              'Longest time for which nothing crossed the network meanwhile, as an idle connection saw it. Absent: not watched.',
          }),
        ),
      },
      'Nothing was recorded after this.',
    ),
  ],
  {
    $id: 'https://im-conformance.dev/schemas/history-event.schema.json',
    title: 'History event',
    description: 'One line of a history.',
    examples: [{ kind: 'open', at: 3.2, client: 'alice', conn: 1 }],
  },
);

export type HistoryHead = Static<typeof HistoryHeadSchema>;
/** How the way to the subject is. */
export type NetworkSpeed = NonNullable<HistoryHead['network']>;
/** One line of a history: what the kit saw or did; `kind` tells which it is, `at` is in milliseconds. */
export type HistoryEvent = Static<typeof HistoryEventSchema>;
export type HistoryEventOf<K extends HistoryEvent['kind']> = Extract<HistoryEvent, { kind: K }>;
