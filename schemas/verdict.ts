import { Type } from '@sinclair/typebox';

export const VERDICTS = ['passed', 'failed', 'inconclusive', 'not-applicable', 'unproven', 'error'] as const;
/** What a scenario came to. `unproven`: a claimed class with something that the kit could not run. `error`: the fault of the kit. */
export type Verdict = (typeof VERDICTS)[number];
export const VerdictSchema = Type.Union(
  VERDICTS.map((name) => Type.Literal(name)),
  {
    description:
      'unproven: a claimed class with something the kit could not run. inconclusive: a fault did not fire or a precondition was not reached. error: the kit itself is at fault.',
  },
);

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
