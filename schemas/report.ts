import { type Static, Type } from '@sinclair/typebox';
import { DescriptionSchema, SERVER_CLASSES } from './description.js';
import { FaultCellSchema } from './fault-matrix.js';
import type { RequirementId } from './requirement-ids.generated.js';

export const VERDICTS = ['passed', 'failed', 'inconclusive', 'not-applicable', 'unproven', 'error'] as const;
export type Verdict = (typeof VERDICTS)[number];
const verdict = Type.Union(
  VERDICTS.map((name) => Type.Literal(name)),
  {
    description:
      'unproven: a claimed class with something the kit could not run. inconclusive: a fault did not fire or a precondition was not reached. error: the kit itself is at fault.',
  },
);
const level = Type.Union([Type.Literal('MUST'), Type.Literal('SHOULD'), Type.Literal('MAY')]);

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
    events: Type.Array(Type.Integer({ minimum: 0 }), { description: 'Line numbers of the history, from 0.' }),
    trace: Type.Array(Type.String(), {
      description:
        'The packets concerned, with times, one line each. Empty beyond the 20th violation of a requirement in a scenario.',
    }),
  },
  { description: 'One requirement broken once.' },
);
export type Violation = Static<typeof ViolationSchema>;

export const ScenarioResultSchema = Type.Object({
  id: Type.String({ description: 'path#cell, such as server/core/dropped-packets#msg-n.' }),
  title: Type.String(),
  class: Type.Union(SERVER_CLASSES.map((name) => Type.Literal(name))),
  verdict,
  durationMs: Type.Number(),
  waitedMs: Type.Number({ description: 'Part of it that the script had to wait for: timers, windows, restarts.' }),
  stalledMs: Type.Integer({ minimum: 0, description: "Longest time for which the kit's own event loop stood still." }),
  exclusive: Type.Boolean({ description: 'Had the subject to itself.' }),
  proves: Type.Array(Type.Unsafe<RequirementId>(Type.String())),
  exercised: Type.Record(Type.String(), Type.Integer(), { description: 'Requirement id → times exercised.' }),
  violations: Type.Array(ViolationSchema),
  warnings: Type.Array(ViolationSchema),
  reason: Type.Optional(Type.String({ description: 'Why inconclusive, not-applicable, unproven or error.' })),
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
  knownFailure: Type.Boolean({ description: 'Listed in the baseline.' }),
  replay: Type.String({ description: 'The command that runs only this.' }),
  history: Type.Optional(Type.String({ description: 'File that holds the history.' })),
});
export type ScenarioResult = Static<typeof ScenarioResultSchema>;

/** What a cell of the fault matrix can be: the worst verdict of the scenarios that play it, or why none did. */
export const MATRIX_VERDICTS = [...VERDICTS, 'excused', 'not-played'] as const;

export const MatrixCellSchema = Type.Composite(
  [
    FaultCellSchema,
    Type.Object({
      verdict: Type.Union(
        MATRIX_VERDICTS.map((name) => Type.Literal(name)),
        {
          description:
            'The worst verdict of its scenarios. excused: no scenario can play it. not-played: its scenarios were not chosen.',
        },
      ),
      scenarios: Type.Array(Type.String(), { description: 'Ids of the scenarios that played it.' }),
      why: Type.Optional(Type.String({ description: 'Why it is excused.' })),
    }),
  ],
  { additionalProperties: false, description: 'A cell of the fault matrix, and what this run says of it.' },
);
export type MatrixCell = Static<typeof MatrixCellSchema>;

export const ReportSchema = Type.Object(
  {
    kit: Type.Object({
      name: Type.Literal('im-conformance'),
      version: Type.String(),
      seed: Type.String(),
      sweep: Type.Optional(Type.Integer({ description: 'Points of each sweep, as --sweep says.' })),
      repeat: Type.Optional(Type.Integer({ description: 'Times that each scenario was played, as --repeat says.' })),
      repetition: Type.Optional(Type.Integer({ description: 'The only one of them, as --repetition says.' })),
    }),
    subject: Type.Object({
      url: Type.String(),
      command: Type.Optional(Type.String()),
      embedded: Type.Boolean({ description: 'The reference server of the kit, because no other subject was named.' }),
      classes: Type.Array(Type.Union(SERVER_CLASSES.map((name) => Type.Literal(name)))),
      description: DescriptionSchema,
    }),
    startedAt: Type.String({ description: 'ISO 8601.' }),
    complete: Type.Boolean({ description: 'false when the run was interrupted.' }),
    exitCode: Type.Integer({ minimum: 0, maximum: 130 }),
    selection: Type.Optional(
      Type.Object(
        {
          only: Type.Array(Type.String()),
          skip: Type.Array(Type.String()),
          allowUnproven: Type.Boolean(),
        },
        { description: 'How the caller narrowed the run. Absent: nothing was left out.' },
      ),
    ),
    problems: Type.Array(Type.String(), { description: 'What went wrong outside any scenario, with the remedy.' }),
    summary: Type.Object({
      passed: Type.Integer(),
      failed: Type.Integer(),
      inconclusive: Type.Integer(),
      notApplicable: Type.Integer(),
      unproven: Type.Integer(),
      errors: Type.Integer(),
      warnings: Type.Integer(),
      knownFailures: Type.Integer(),
      staleBaseline: Type.Array(Type.String(), { description: 'Baseline entries that pass now.' }),
      durationMs: Type.Number(),
    }),
    scenarios: Type.Array(ScenarioResultSchema),
    requirements: Type.Array(
      Type.Object({
        id: Type.String(),
        level,
        class: Type.String(),
        verdict: Type.Union([
          Type.Literal('passed'),
          Type.Literal('failed'),
          Type.Literal('unproven'),
          Type.Literal('not-applicable'),
        ]),
        exercised: Type.Integer(),
        scenarios: Type.Array(Type.String()),
      }),
    ),
    matrix: Type.Array(MatrixCellSchema, {
      description:
        'The fault matrix: six packets, eleven faults, three states of the receiver. Empty when nothing ran.',
    }),
  },
  {
    $id: 'https://im-conformance.dev/schemas/report.schema.json',
    title: 'Report',
    description: 'The result of one run of the kit.',
  },
);
export type Report = Static<typeof ReportSchema>;
