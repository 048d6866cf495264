import { type Static, Type } from '@sinclair/typebox';
import { closed, level } from './report-fields.js';
import type { RequirementId } from './requirement-ids.generated.js';

/** How far a message is known to have come, from first to last. */
export const VANISH_POINTS = [
  'unsent',
  'sent',
  'rejected',
  'accepted',
  'pushed',
  'handed-over',
  'acked',
  'told',
  'expired',
] as const;
/** How far a message is known to have come, from first to last. */
export type VanishPoint = (typeof VANISH_POINTS)[number];
export const VanishPointSchema = Type.Union(
  VANISH_POINTS.map((name) => Type.Literal(name)),
  {
    description:
      'Where something that was due never came: how far the message was known to have come. told: its sender was told that it was delivered.',
  },
);

export const ViolationSchema = Type.Object(
  {
    requirement: Type.Unsafe<RequirementId>(Type.String({ description: 'Requirement id.' })),
    level,
    sentence: Type.String({ description: 'The sentence of the specification.' }),
    message: Type.String({ description: 'What went wrong, in one sentence.' }),
    expected: Type.String(),
    seen: Type.String(),
    where: Type.Optional(
      Type.String({ description: 'Where the message vanished or doubled: "accepted at 12 ms, never pushed to bob".' }),
    ),
    step: Type.Optional(
      Type.String({ description: 'The step of the script that was missed, where no more than that was seen.' }),
    ),
    late: Type.Optional(Type.Boolean({ description: 'Only a time bound was missed.' })),
    about: Type.Optional(
      Type.Object(
        { from: Type.String(), msgId: Type.String() },
        { ...closed, description: 'The message concerned: its sender and its msgId.' },
      ),
    ),
    vanishPoint: Type.Optional(VanishPointSchema),
    events: Type.Array(Type.Integer({ minimum: 0 }), { description: 'Line numbers of the history, from 0.' }),
    trace: Type.Array(Type.String(), {
      description:
        'The packets concerned, with times, one line each. Empty beyond the 20th violation of a requirement in a scenario.',
    }),
  },
  { description: 'One requirement broken once.' },
);
/** One requirement broken once. */
export type Violation = Static<typeof ViolationSchema>;
