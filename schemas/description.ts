import { type Static, Type } from '@sinclair/typebox';
import { SERVER_CLASSES } from './wire.js';

export {
  DEFAULT_FAILOVER_MS,
  DEFAULT_TIMERS,
  SERVER_CLASSES,
  type ServerClass,
  SINGLE_CLASSES,
  type SingleClass,
  type TimerName,
  type Timers,
} from './wire.js';

const timer = (description: string, example: number) =>
  Type.Optional(Type.Integer({ description, minimum: 1, maximum: Number.MAX_SAFE_INTEGER, examples: [example] }));
const limit = (description: string, minimum: number, example: number) =>
  Type.Optional(Type.Integer({ description, minimum, maximum: Number.MAX_SAFE_INTEGER, examples: [example] }));

export const DescriptionSchema = Type.Object(
  {
    protocol: Type.Literal('im.ran.v1', { description: 'The subprotocol token that the server speaks.' }),
    classes: Type.Optional(
      Type.Array(Type.Union(SERVER_CLASSES.map((name) => Type.Literal(name))), {
        description: 'The conformance classes that the server claims. Without it: core.',
        uniqueItems: true,
      }),
    ),
    limits: Type.Optional(
      Type.Object({
        maxBodyBytes: limit('Largest accepted body, bytes of UTF-8.', 65_536, 65_536),
        maxFrameBytes: limit('Largest accepted text frame, bytes.', 524_288, 524_288),
        maxInFlight: limit('Most un-acked msg:N on one connection.', 16, 64),
        maxInboxMessages: limit('Most messages of one user that no device has acked.', 1, 100_000),
      }),
    ),
    timers: Type.Optional(
      Type.Object({
        answerWithinMs: timer('Any A, a push to a connected receiver, an ack:N that is due.', 1_000),
        redeliverAfterMs: timer('Pause before the first repeated push without an ack.', 400),
        redeliverMaxMs: timer('Longest pause between two pushes of one message.', 60_000),
        deadAfterMs: timer('Within this time a silent peer is found dead.', 1_500),
        dedupWindowMs: timer('A dedup record lives at least this long after its last change.', 604_800_000),
        failoverMs: timer('Class `replicated`: so long a fault of one node, and its repair, may be felt.', 15_000),
        clockSkewMs: limit('Class `replicated`: by how much the clocks of two nodes may differ.', 0, 1_000),
      }),
    ),
    durability: Type.Optional(
      Type.Union([Type.Literal('process-crash'), Type.Literal('power-loss')], {
        description: 'What an accepted message survives. power-loss is reported as claimed, never as proven.',
      }),
    ),
    nodes: Type.Optional(Type.Array(Type.String({ format: 'uri' }), { description: 'URLs of all nodes.' })),
    metrics: Type.Optional(Type.String({ description: 'Path of the OpenMetrics page.', examples: ['/metrics'] })),
  },
  {
    $id: 'https://im-conformance.dev/schemas/description.schema.json',
    title: 'Server description',
    description: 'What a server says of itself at GET /.well-known/im-ran. Every member but protocol is optional.',
    examples: [
      {
        protocol: 'im.ran.v1',
        classes: ['core', 'timed-redelivery', 'durable'],
        limits: { maxBodyBytes: 65_536, maxFrameBytes: 524_288 },
        timers: { answerWithinMs: 1_000, redeliverAfterMs: 400, deadAfterMs: 1_500 },
        durability: 'process-crash',
      },
    ],
  },
);
/** What a server declares of itself: its classes, limits and timers. */
export type Description = Static<typeof DescriptionSchema>;
