import { type Static, Type } from '@sinclair/typebox';
import { BecauseSchema } from './because.js';
import { FaultCellSchema } from './fault-matrix.js';
import { closed, role, subjectClass } from './report-fields.js';
import type { RequirementId } from './requirement-ids.generated.js';
import { VerdictSchema } from './verdict.js';
import { ViolationSchema } from './violation.js';

export const ScenarioResultSchema = Type.Object({
  id: Type.String({ description: 'path#cell, such as server/core/dropped-packets#msg-n.' }),
  title: Type.String(),
  role,
  class: subjectClass,
  verdict: VerdictSchema,
  durationMs: Type.Number(),
  waitedMs: Type.Number({ description: 'Part of it that the script had to wait for: timers, windows, restarts.' }),
  stalledMs: Type.Integer({ minimum: 0, description: "Longest time for which the kit's own event loop stood still." }),
  exclusive: Type.Boolean({ description: 'Had the subject to itself.' }),
  proves: Type.Array(Type.Unsafe<RequirementId>(Type.String())),
  exercised: Type.Record(Type.String(), Type.Integer(), { description: 'Requirement id → times exercised.' }),
  violations: Type.Array(ViolationSchema),
  warnings: Type.Array(ViolationSchema),
  because: Type.Optional(BecauseSchema),
  unable: Type.Optional(
    Type.Literal(true, {
      description:
        'The kit could not play it, though the subject might pass: unproven where nothing else exercised what it proves.',
    }),
  ),
  reason: Type.Optional(Type.String({ description: 'The same for people, in one sentence.' })),
  seenIn: Type.Array(Type.String()),
  cells: Type.Optional(Type.Array(FaultCellSchema, { description: 'What it plays of the fault matrix.' })),
  repetitions: Type.Optional(
    Type.Object(
      {
        played: Type.Integer({ minimum: 1 }),
        failed: Type.Array(Type.Integer({ minimum: 1 }), { description: 'Which of them failed, from 1.' }),
        shown: Type.Integer({ minimum: 1, description: 'The one that this result is about: the first of the worst.' }),
      },
      { description: 'With --repeat or --repetition: the times that the scenario was played.' },
    ),
  ),
  attempts: Type.Integer({ minimum: 0, description: '2 when a missed time bound was tried again, alone.' }),
  firstAttempt: Type.Optional(
    Type.Object(
      {
        verdict: VerdictSchema,
        reason: Type.String({ description: 'Why it did not count, in one sentence.' }),
        requirements: Type.Array(Type.Unsafe<RequirementId>(Type.String()), {
          description: 'What seemed broken in it, the first one first.',
        }),
        history: Type.Optional(Type.String({ description: 'File that holds its history.' })),
      },
      { ...closed, description: 'What the first attempt came to, where a later one counts.' },
    ),
  ),
  knownFailure: Type.Boolean({ description: 'Failed, and an entry of the baseline covers it.' }),
  replay: Type.String({ description: 'The command that runs only this.' }),
  history: Type.Optional(Type.String({ description: 'File that holds the history.' })),
});
/** What one scenario came to. */
export type ScenarioResult = Static<typeof ScenarioResultSchema>;
