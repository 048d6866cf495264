import { type Static, Type } from '@sinclair/typebox';
import { DescriptionSchema } from './description.js';
import { FaultCellSchema } from './fault-matrix.js';
import { ProfileSchema } from './profile.js';
import { closed, level, role, subjectClass } from './report-fields.js';
import type { RequirementId } from './requirement-ids.generated.js';
import { ScenarioResultSchema } from './scenario-result.js';
import { VERDICTS } from './verdict.js';
import { VanishPointSchema } from './violation.js';

/** Version of the reports that this kit writes. */
export const REPORT_VERSION = 2;

export const CauseSchema = Type.Object(
  {
    requirement: Type.Unsafe<RequirementId>(Type.String({ description: 'The requirement that broke in all of them.' })),
    level,
    sentence: Type.String({ description: 'The sentence of the specification.' }),
    vanishPoint: Type.Optional(VanishPointSchema),
    scenarios: Type.Array(Type.String(), {
      description: 'Ids of the scenarios that failed for it, the example first.',
    }),
    example: Type.String({ description: 'The shortest of them: the one to read.' }),
    seenIn: Type.Array(Type.String(), { description: 'Real bugs that these scenarios would have caught.' }),
  },
  {
    ...closed,
    description:
      'Failures outside the baseline in which one requirement broke, with one vanish point where something never came. Each failure belongs to one cause: to that which explains most of them. Most likely they have one fault in common.',
  },
);
/** Failures that most likely have one fault in common. */
export type Cause = Static<typeof CauseSchema>;

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
/** A cell of the fault matrix, and what a run says of it. */
export type MatrixCell = Static<typeof MatrixCellSchema>;

export const ReportSchema = Type.Object(
  {
    version: Type.Literal(REPORT_VERSION),
    kit: Type.Object({
      name: Type.Literal('im-conformance'),
      version: Type.String(),
      seed: Type.String(),
      sweep: Type.Optional(Type.Integer({ description: 'Points of each sweep, as --sweep says.' })),
      repeat: Type.Optional(Type.Integer({ description: 'Times that each scenario was played, as --repeat says.' })),
      repetition: Type.Optional(Type.Integer({ description: 'The only one of them, as --repetition says.' })),
    }),
    subject: Type.Object({
      role,
      url: Type.String(),
      command: Type.Optional(Type.String()),
      embedded: Type.Boolean({ description: 'The reference server of the kit, because no other subject was named.' }),
      classes: Type.Array(subjectClass),
      description: DescriptionSchema,
      dialect: Type.Optional(
        Type.Object(
          {
            name: Type.String(),
            profile: ProfileSchema,
            absent: Type.Array(Type.String(), { description: 'Packets that the foreign protocol does not have.' }),
            madeUp: Type.Array(Type.String(), { description: 'Fields that no frame brings: the kit made them up.' }),
            cannotPromise: Type.Array(Type.String(), {
              description: 'What the protocol itself cannot promise, whatever a server does.',
            }),
          },
          { description: 'The dialect through which a server of another protocol was tested.' },
        ),
      ),
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
          failOn: Type.Optional(Type.Literal('warning', { description: 'Warnings make the exit code 1, too.' })),
        },
        { description: 'How the caller narrowed the run. Absent: nothing was left out.' },
      ),
    ),
    shard: Type.Optional(
      Type.Object(
        {
          number: Type.Integer({ minimum: 1 }),
          of: Type.Integer({ minimum: 1 }),
          scenarios: Type.Integer({ minimum: 1, description: 'Chosen scenarios of all shards together.' }),
          digest: Type.String({ description: 'Of their ids: shards that belong together have the same.' }),
        },
        { ...closed, description: 'Which part of the scenarios this run played, as --shard says.' },
      ),
    ),
    baseline: Type.Optional(
      Type.Array(Type.String(), { description: 'The entries of the baseline: which failures were known.' }),
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
      staleBaseline: Type.Array(Type.String(), { description: 'Baseline entries of which nothing fails any more.' }),
      durationMs: Type.Number(),
    }),
    scenarios: Type.Array(ScenarioResultSchema),
    causes: Type.Array(CauseSchema, {
      description: 'The failures by what they have in common, that of most scenarios first.',
    }),
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
        why: Type.Optional(Type.String({ description: 'Through a dialect: why it cannot be judged.' })),
      }),
    ),
    judged: Type.Optional(
      Type.Object(
        { must: Type.Integer(), ofMust: Type.Integer() },
        {
          description: 'Through a dialect: how many MUST of the tested classes were put to the test, and of how many.',
        },
      ),
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
/** Everything that one run found. */
export type Report = Static<typeof ReportSchema>;
