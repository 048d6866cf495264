import { type Static, type TProperties, Type } from '@sinclair/typebox';
import { RESOURCES } from './faults.js';
import { PACKET_TYPES } from './packets.js';
import type { RequirementId } from './requirement-ids.generated.js';

/** The values that the verbs of the script language share. One verb a step; options are closed, so a typo is an error. */

export const closed = { additionalProperties: false } as const;

export const label = Type.String({
  title: 'Messages',
  description:
    'A label (`m1`), or a range of labels with the same stem (`m1..m64`). `{maxInFlight}` and `{maxInboxMessages}` are what the server declares; `{maxInFlight-1}` and `{maxInFlight+1}` too.',
  pattern: '^[a-z][A-Za-z0-9{}+-]*(\\.\\.[a-z][A-Za-z0-9{}+-]*)?$',
});
export const messages = Type.Union([label, Type.Array(label, { minItems: 1 })]);
export const clientName = Type.String({ pattern: '^[a-z][A-Za-z0-9-]{0,47}$' });
export const requirement = Type.Unsafe<RequirementId>(
  Type.String({ title: 'Requirement id', pattern: '^IM-[0-9]+(\\.[0-9]+)?-[0-9]+$' }),
);
export const packetType = Type.Union(PACKET_TYPES.map((type) => Type.Literal(type)));
/** A number may come from a matrix, as `{name}`. */
export const placeholder = Type.String({ pattern: '^\\{[a-z][A-Za-z0-9]*([+-][0-9]+)?\\}$' });
export const count = Type.Union([Type.Integer({ minimum: 1, maximum: 1_000_000 }), placeholder]);
/** Which node of a server with several; a matrix may name it. */
export const nodeNumber = Type.Union([Type.Integer({ minimum: 1, maximum: 99 }), placeholder], {
  description: 'Which node, from 1. Without it clients are spread over all, and a fault meets all.',
});
export const millis = Type.Union([Type.Number({ minimum: 0, maximum: 600_000 }), placeholder]);
const TIMERS =
  'answerWithinMs|failoverMs|redeliverAfterMs|redeliverMaxMs|deadAfterMs|resendAfterMs|resendMaxMs|retryWindowMs|reconnectAfterMs|reconnectMaxMs';
const TERM = `([0-9.]+ x )?(${TIMERS})`;
export const duration = Type.Union(
  [Type.Number({ minimum: 0, maximum: 600_000 }), Type.String({ pattern: `^${TERM}( \\+ ${TERM})*$` }), placeholder],
  {
    title: 'Duration',
    description:
      'Milliseconds, or multiples of declared timers: `2 x redeliverAfterMs`, `answerWithinMs + 0.5 x deadAfterMs`.',
  },
);
export const which = Type.Optional(
  Type.Literal('old', { description: 'The connection before the current one. Without it: the current one.' }),
);
/** For steps that a server may have made impossible, and rightly so. */
export const ifOpen = Type.Optional(
  Type.Literal(true, { description: 'Nothing is done, and nothing is wrong, when the connection has ended.' }),
);
export const bodyText = Type.Union([
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
  Type.Object(
    {
      frameBytes: Type.Union([count, Type.Integer({ minimum: 1 })], {
        description: 'So long that its msg:R is a frame of that many bytes.',
      }),
    },
    closed,
  ),
  Type.Object(
    {
      pushBytes: Type.Union([count, Type.Integer({ minimum: 1 })], {
        description: 'So long that its msg:N is a frame of that many bytes, as the last push to the recipient shows.',
      }),
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
  'no-signature',
  'cut-signature',
  'wrong-key',
  'tampered',
  'bare-name',
  'nameless',
  'misnamed',
] as const;
export type TokenKind = (typeof TOKEN_KINDS)[number];
/** What can be taken from a process. */
export const resource = Type.Union([...RESOURCES.map((name) => Type.Literal(name)), placeholder]);
export const tokenKind = Type.Union([...TOKEN_KINDS.map((kind) => Type.Literal(kind)), placeholder]);

export const verb = <P extends TProperties>(fields: P, description: string) =>
  Type.Object(fields, { ...closed, description });

export type BodySpec = Static<typeof bodyText>;
export type DurationSpec = Static<typeof duration>;
