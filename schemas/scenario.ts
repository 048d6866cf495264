import { type Static, Type } from '@sinclair/typebox';
import { clientName, closed, count, duration, requirement, verb } from './script-values.js';
import { SUBJECT_CLASSES } from './wire.js';

/** The script language: what a scenario file may say. */

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
const clientCell = Type.Object({ packet: oneOrMore, fault: oneOrMore }, closed);
const matrixCell = Type.Object({ packet: oneOrMore, fault: oneOrMore, receiver: oneOrMore }, closed);

/** A user id that is made of another one, or of another one that was filled up to 63 of the 64 characters that there may be. */
const MADE_USER =
  '^(?:[A-Za-z0-9._@-]{0,16}\\{user:[a-z][A-Za-z0-9-]*\\}[A-Za-z0-9._@-]{0,16}|\\{user63:[a-z][A-Za-z0-9-]*\\}[A-Za-z0-9._@-])$';

export const ScenarioFileSchema = Type.Object(
  {
    scenario: Type.String({ minLength: 8, description: 'One sentence: what a conforming server does.' }),
    class: Type.Union(SUBJECT_CLASSES.map((name) => Type.Literal(name))),
    proves: Type.Array(requirement, { minItems: 1, uniqueItems: true }),
    seenIn: Type.Optional(
      Type.Array(Type.String({ pattern: '^([\\w.-]+/[\\w.-]+#[0-9]+|CVE-[0-9]+-[0-9]+)$' }), {
        description: 'Real bugs that this scenario would have caught: owner/repository#number.',
      }),
    ),
    about: Type.Optional(Type.String({ description: 'Why it matters, for people.' })),
    requires: Type.Optional(
      Type.Array(
        Type.String({
          pattern:
            '^((limits|timers)\\.[A-Za-z]+( (<=|>=) [0-9]+( or none)?)?|metrics|can\\.(status|ping|disconnect))$',
        }),
        {
          description:
            'Members of the description without which the scenario does not apply; `limits.maxInFlight <= 1000` also bounds the value, `limits.maxInFlight <= 1000 or none` bounds it where it is declared. Of a client `can.status`: its bot says that it can.',
        },
      ),
    ),
    alsoNeeds: Type.Optional(
      Type.Array(Type.Union(SUBJECT_CLASSES.map((name) => Type.Literal(name))), {
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
            user: Type.Optional(
              Type.String({
                pattern: MADE_USER,
                description:
                  'A user id that is made of that of another client: `{user:alice}-b`; `{user63:alice}b` has the greatest length.',
              }),
            ),
            device: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9._-]{1,32}$' })),
            away: Type.Optional(Type.Literal(true, { description: 'Was connected once and has left.' })),
            absent: Type.Optional(Type.Literal(true, { description: 'Has not connected yet.' })),
            autoAcks: Type.Optional(Type.Literal(true)),
            node: Type.Optional(
              Type.Integer({
                minimum: 1,
                maximum: 99,
                description: 'Which node. Default: clients are spread over all.',
              }),
            ),
            fragments: Type.Optional(
              Type.Integer({
                minimum: 2,
                maximum: 1_024,
                description: 'Its packets travel in so many WebSocket fragments, with a ping after the first.',
              }),
            ),
            voice: Type.Optional(
              Type.Union(
                [
                  Type.Literal('plain'),
                  Type.Literal('compressed'),
                  Type.Literal('dripping'),
                  Type.Literal('all-lengths'),
                  Type.Literal('odd-rids'),
                ],
                {
                  description:
                    'How it speaks, where that is not left to the seed. `compressed`: offers permessage-deflate and makes use of it. `dripping`: each byte of the head of a frame travels alone. `all-lengths`: rids of every length. `odd-rids`: rids that look like numbers or words of a language.',
                },
              ),
            ),
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
    clientCell: Type.Optional(
      Type.Union([clientCell, Type.Array(clientCell, { minItems: 1 })], {
        description: 'The same of the fault matrix of clients, where the packet says the side.',
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
