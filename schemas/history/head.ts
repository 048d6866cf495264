import { type Static, Type } from '@sinclair/typebox';
import { ProfileSchema } from '../profile.js';
import type { RequirementId } from '../requirement-ids.generated.js';
import { SubjectSchema } from '../subject.js';

/** Version of the histories that this kit writes. It reads version 1, too. */
export const HISTORY_VERSION = 2;

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
/** First line of a history: who was tested, and what it declared. */
export type HistoryHead = Static<typeof HistoryHeadSchema>;
/** How the way to the subject is. */
export type NetworkSpeed = NonNullable<HistoryHead['network']>;
