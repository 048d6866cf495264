import { type Static, Type } from '@sinclair/typebox';
import { DescriptionSchema } from './description.js';
import { FaultCellSchema } from './fault-matrix.js';
import { FAULTS, NODE_VERBS, ROLES } from './history.js';
import { ProfileSchema } from './profile.js';
import type { RequirementId } from './requirement-ids.generated.js';
import { TOKEN_KINDS } from './script-values.js';
import { SUBJECT_CLASSES } from './wire.js';

/** Version of the reports that this kit writes. */
export const REPORT_VERSION = 2;

export const VERDICTS = ['passed', 'failed', 'inconclusive', 'not-applicable', 'unproven', 'error'] as const;
/** What a scenario came to. `unproven`: a claimed class with something that the kit could not run. `error`: the fault of the kit. */
export type Verdict = (typeof VERDICTS)[number];
const verdict = Type.Union(
  VERDICTS.map((name) => Type.Literal(name)),
  {
    description:
      'unproven: a claimed class with something the kit could not run. inconclusive: a fault did not fire or a precondition was not reached. error: the kit itself is at fault.',
  },
);
const level = Type.Union([Type.Literal('MUST'), Type.Literal('SHOULD'), Type.Literal('MAY')]);

const closed = { additionalProperties: false } as const;
const oneOf = <N extends string>(names: readonly N[]) => Type.Union(names.map((name) => Type.Literal(name)));
const role = Type.Union(
  ROLES.map((name) => Type.Literal(name)),
  { description: 'What the subject is in the protocol: the kit plays the other side.' },
);
const subjectClass = oneOf(SUBJECT_CLASSES);

const cause = <C extends string, V extends Parameters<typeof Type.Object>[0]>(
  codes: readonly C[],
  values: V,
  description: string,
) => Type.Object({ code: oneOf(codes), ...values }, { ...closed, description });

/** Facts that keep a scenario from being played at all. */
const NotPlayedSchema = Type.Union([
  cause(['class-not-claimed'], { class: subjectClass }, 'The subject does not claim the class.'),
  cause(
    ['not-declared'],
    { requires: Type.String({ description: 'Such as "limits.maxInFlight <= 1000".' }) },
    'The subject does not declare what the scenario requires, or something else.',
  ),
  cause(
    ['claimed-not-declared'],
    { class: subjectClass, requires: Type.String() },
    'The subject claims the class, and does not declare what belongs to it.',
  ),
  cause(
    ['inbox-too-small'],
    { messages: Type.Integer(), limit: Type.Integer() },
    'The scenario sends more messages to one user than the subject keeps.',
  ),
  cause(
    ['no-control'],
    { class: subjectClass, needs: oneOf(['process', 'memory', 'clock', 'limits'] as const) },
    'The kit did not start the subject, and may not kill it, look into it, set its clock or take resources from it.',
  ),
  cause(
    ['account-used-before'],
    { needs: oneOf(['message-ids', 'user-ids', 'device', 'devices'] as const) },
    'The accounts that the kit was given cannot play it.',
  ),
  cause(
    ['waits-too-long'],
    { neededMs: Type.Number(), maxWaitMs: Type.Number() },
    'By the timers that the subject declares it takes longer than --max-wait.',
  ),
  cause(
    ['too-few-nodes'],
    { class: subjectClass, needs: Type.Integer(), has: Type.Integer() },
    'It needs more nodes than the kit knows of.',
  ),
  cause(
    ['too-few-services'],
    { class: subjectClass, needs: Type.Integer(), has: Type.Integer() },
    'It disturbs a service that the kit did not start.',
  ),
  cause(['no-links'], { class: subjectClass }, 'It cuts links in a way in which the kit cannot cut them here.'),
  cause(
    ['no-node-command'],
    { class: subjectClass, verb: oneOf(NODE_VERBS) },
    'No command of --node-command does to a node what it needs.',
  ),
  cause(
    ['shared'],
    { counter: Type.String(), from: Type.Number(), to: Type.Number() },
    'A counter of the metrics page grew while the kit was quiet: others use this server.',
  ),
  cause(
    ['dialect-lacks'],
    { missing: Type.String({ description: 'A packet, a field, or `wire`.' }), lacks: Type.String() },
    'The foreign protocol does not have what the scenario rests on.',
  ),
  cause(['cannot'], { can: Type.String() }, 'The bot says that its client cannot do it.'),
  cause(['no-token'], { token: oneOf(TOKEN_KINDS) }, 'The kit cannot make tokens of this kind.'),
  cause(
    ['tokens-elsewhere', 'no-tls', 'no-old-tls', 'no-memory', 'no-faketime', 'no-prlimit'],
    {},
    'What is missing: a token that the kit places itself, a wss: url, TLS 1.1, a system that shows memory, the library that sets a clock, the program that limits a process.',
  ),
]);
export type NotPlayedBecause = Static<typeof NotPlayedSchema>;

/** The facts of a scenario without a verdict of its own: code decides by these, `reason` is for people. */
export const BecauseSchema = Type.Union(
  [
    ...NotPlayedSchema.anyOf,
    cause(['clock-not-followed'], {}, 'The program does not follow the clock that the kit sets.'),
    cause(['shortage-not-felt'], {}, 'The program goes on as before without what the kit took from it.'),
    cause(['fault-not-fired'], { fault: oneOf(FAULTS), step: Type.String() }, 'A fault of the script never fired.'),
    cause(
      [
        'step-not-reached',
        'closed-by-limit',
        'dedup-window-passed',
        'token-expired',
        'watched-too-short',
        'never-acked',
        'handed-over-unexplained',
        'page-not-judged',
        'not-settled',
        'service-ended',
      ],
      {},
      'What the judges left undecided.',
    ),
    cause(
      ['cannot-say'],
      { why: Type.String() },
      'From some step on, the script wants what cannot be said or heard through the dialect.',
    ),
    cause(
      ['not-judged'],
      { requirement: Type.String() },
      'A step was missed, and what it rests on cannot be judged through the dialect.',
    ),
    cause(['nothing-judged'], {}, 'All that it would have shown rests on what the foreign protocol does not have.'),
    cause(
      ['unread-frame'],
      { frame: Type.String(), nearest: Type.String() },
      'No rule of the dialect reads a frame of the server: the dialect is wrong, or lacks a rule.',
    ),
    cause(['closed-unexplained'], {}, 'The server ended a connection, and the dialect does not say why.'),
    cause(['subject-failed'], {}, 'The subject or its command did what no scenario can go on with.'),
    cause(
      ['kit-stalled'],
      { stalledMs: Type.Number(), requirements: Type.Array(Type.String()) },
      'The kit itself stood still for that long; what it saw of these requirements may come from that.',
    ),
    cause(
      ['network-stalled'],
      { stalledMs: Type.Number(), requirements: Type.Array(Type.String()) },
      'Nothing crossed the network for that long; what was seen of these requirements may come from that.',
    ),
    cause(['kit-failed'], {}, 'A fault of the kit, or of the machine that it runs on.'),
  ],
  { description: 'Why inconclusive, not-applicable, unproven or error, for programs.' },
);
/** Why a scenario has no verdict of its own, for programs; `code` tells which it is. */
export type Because = Static<typeof BecauseSchema>;

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
const vanishPoint = Type.Union(
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
    vanishPoint: Type.Optional(vanishPoint),
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

export const ScenarioResultSchema = Type.Object({
  id: Type.String({ description: 'path#cell, such as server/core/dropped-packets#msg-n.' }),
  title: Type.String(),
  role,
  class: subjectClass,
  verdict,
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
        verdict,
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

export const CauseSchema = Type.Object(
  {
    requirement: Type.Unsafe<RequirementId>(Type.String({ description: 'The requirement that broke in all of them.' })),
    level,
    sentence: Type.String({ description: 'The sentence of the specification.' }),
    vanishPoint: Type.Optional(vanishPoint),
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

/**
 * When several verdicts are one: a failure was seen, and no trouble of the kit takes it back, as exit code 1 comes before
 * 4. What was not applicable says nothing, so a scenario that passed beside it decides.
 */
export const WORST_FIRST: readonly Verdict[] = [
  'failed',
  'error',
  'inconclusive',
  'unproven',
  'passed',
  'not-applicable',
];

/** The worst of these verdicts; undefined: there is none. */
export const worstOf = (verdicts: readonly Verdict[]): Verdict | undefined =>
  WORST_FIRST.find((verdict) => verdicts.includes(verdict));

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
