import { type Static, Type } from '@sinclair/typebox';

const closed = { additionalProperties: false } as const;

export const MutantResultSchema = Type.Object(
  {
    id: Type.String(),
    fault: Type.String({ description: 'What this server does wrong, in one sentence.' }),
    requirement: Type.String({ description: 'The requirement that it breaks.' }),
    caughtBy: Type.String({ description: 'Id of the scenario that must catch it, or a glob over ids.' }),
    subtle: Type.Optional(
      Type.String({
        description: 'Why a run may miss it. Such a mutant counts as caught when one of its runs catches it.',
      }),
    ),
    fingerprint: Type.String({ description: 'Of its entry in the catalogue, and of the script that must catch it.' }),
    runs: Type.Integer({ minimum: 1, description: 'Times that it was tested.' }),
    caught: Type.Integer({ minimum: 0, description: 'How many of these runs caught it for the right reason.' }),
    right: Type.Integer({
      minimum: 0,
      description:
        'In how many of these the first failure named the requirement, or one that the entry calls equivalent.',
    }),
    by: Type.Array(Type.String(), { description: 'The scenarios that did.' }),
    misled: Type.Optional(
      Type.Array(Type.String(), {
        description: 'What the first failure named instead, where it named something else.',
      }),
    ),
    survived: Type.Optional(
      Type.Object(
        { expected: Type.String(), seen: Type.String() },
        { ...closed, description: 'No run caught it: what should have been reported, and what the last run reported.' },
      ),
    ),
  },
  closed,
);
export type MutantResult = Static<typeof MutantResultSchema>;

export const SelfTestSchema = Type.Object(
  {
    kit: Type.Object({ name: Type.Literal('im-conformance'), version: Type.String() }, closed),
    startedAt: Type.String({ description: 'ISO 8601.' }),
    durationMs: Type.Integer({ minimum: 0 }),
    cores: Type.Integer({ minimum: 1, description: 'Of the machine.' }),
    load: Type.Number({
      minimum: 0,
      description: 'Load average of the last minute at the end: what else the machine had to do.',
    }),
    whole: Type.Boolean({
      description: 'true: every scenario was played, and the first accusation of the whole run counts.',
    }),
    complete: Type.Boolean({ description: 'false when it was interrupted: mutants are missing then.' }),
    control: Type.Object(
      {
        passed: Type.Integer({ minimum: 0 }),
        problems: Type.Array(Type.String(), { description: 'What the subject without a fault did not pass, and why.' }),
      },
      { ...closed, description: 'The same scenarios, played against the subject without a fault.' },
    ),
    mutants: Type.Array(MutantResultSchema),
    untested: Type.Array(Type.Object({ id: Type.String(), why: Type.String() }, closed), {
      description: 'Mutants that cannot be tested on this machine, and what is missing. They do not count.',
    }),
  },
  {
    ...closed,
    $id: 'https://im-conformance.dev/schemas/self-test.schema.json',
    title: 'Self-test',
    description: 'What the kit found in servers that are known to be broken.',
    examples: [
      {
        kit: { name: 'im-conformance', version: '0.1.0' },
        startedAt: '2026-01-01T12:00:00.000Z',
        durationMs: 2100,
        cores: 2,
        load: 1.9,
        whole: false,
        complete: true,
        control: { passed: 1, problems: [] },
        mutants: [
          {
            id: 'no-dedup',
            fault: 'Every copy of a msg:R makes a new message.',
            requirement: 'IM-4.2-2',
            caughtBy: 'server/core/msg-r#delay.online',
            fingerprint: '0123456789',
            runs: 1,
            caught: 1,
            right: 1,
            by: ['server/core/msg-r#delay.online'],
          },
        ],
        untested: [],
      },
    ],
  },
);
export type SelfTest = Static<typeof SelfTestSchema>;
