import type { Cause, ScenarioResult, Violation } from '../../../schemas/index.js';
import { defined } from '../../defined.js';

/** A failure that no cause explains yet, and what broke in it. */
interface Failure {
  readonly result: ScenarioResult;
  /** By requirement and vanish point, the first of each. */
  readonly broken: ReadonlyMap<string, Violation>;
}

const keyOf = ({ requirement, vanishPoint }: Violation): string => `${requirement} ${vanishPoint ?? ''}`;

const failureOf = (result: ScenarioResult): Failure => ({
  result,
  broken: new Map(result.violations.toReversed().map((violation) => [keyOf(violation), violation])),
});

/** What broke in most of them; of two in as many, what broke first more often: the other may follow from it. */
const commonest = (failures: readonly Failure[]): string | undefined => {
  const counts = new Map<string, { times: number; first: number }>();
  for (const { result, broken } of failures) {
    const [first] = result.violations;
    for (const key of broken.keys()) {
      const count = counts.get(key) ?? { times: 0, first: 0 };
      count.times += 1;
      if (first !== undefined && keyOf(first) === key) count.first += 1;
      counts.set(key, count);
    }
  }
  return [...counts].sort(([, a], [, b]) => b.times - a.times || b.first - a.first)[0]?.[0];
};

/** A reader learns most where the least happened, and nothing else broke before; ids decide where two are alike. */
const plainestFirst =
  (key: string) =>
  (a: Failure, b: Failure): number => {
    const place = ({ result }: Failure) => result.violations.findIndex((violation) => keyOf(violation) === key);
    const length = ({ broken }: Failure) => broken.get(key)?.trace.length ?? 0;
    return (
      a.broken.size - b.broken.size ||
      place(a) - place(b) ||
      length(a) - length(b) ||
      (a.result.id < b.result.id ? -1 : 1)
    );
  };

const causeOf = (key: string, failures: readonly Failure[]): Cause[] => {
  const [example, ...others] = [...failures].sort(plainestFirst(key));
  const violation = example?.broken.get(key);
  if (example === undefined || violation === undefined) return [];
  const { requirement, level, sentence, vanishPoint } = violation;
  return [
    {
      ...{ requirement, level, sentence, ...defined({ vanishPoint }) },
      example: example.result.id,
      scenarios: [example.result.id, ...others.map(({ result }) => result.id).sort()],
      seenIn: [...new Set(failures.flatMap(({ result }) => result.seenIn))].sort(),
    },
  ];
};

/**
 * Puts failures together that most likely have one fault in common: one requirement broke in all of them, with one vanish
 * point. A fault breaks several requirements at once, so the one that explains most failures takes these, and so on
 * with the rest. Known failures are left out.
 */
export const causesOf = (results: readonly ScenarioResult[]): Cause[] => {
  let left = results
    .filter(({ verdict, knownFailure, violations }) => verdict === 'failed' && !knownFailure && violations.length > 0)
    .map(failureOf);
  const causes: Cause[] = [];
  for (let key = commonest(left); key !== undefined; key = commonest(left)) {
    const taken = key;
    causes.push(
      ...causeOf(
        taken,
        left.filter(({ broken }) => broken.has(taken)),
      ),
    );
    left = left.filter(({ broken }) => !broken.has(taken));
  }
  return causes;
};
