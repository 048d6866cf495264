import type { ComparedScenario, Comparison, Difference, State } from './compare.js';

/** How each part of a difference is called, in the order in which a person wants to read it. */
export const DIFFERENCE_TITLES: readonly (readonly [kind: keyof Difference, title: string, bad: boolean])[] = [
  ['broken', 'Broken: failed in B and not in A', true],
  ['fixed', 'Fixed: failed in A and not in B', false],
  ['stillFailing', 'Still failing', true],
  ['flaky', 'Flaky', false],
  ['otherwise', 'Otherwise different', false],
  ['added', 'New: only in B', false],
  ['removed', 'Gone: only in A', false],
];

export const stateWords = (state: State): string => (state === 'absent' ? 'not in it' : state);

/** `passed → failed`, with the first violation of a failure. */
export const changeWords = ({ states, flaky, results }: ComparedScenario): string => {
  const words = states.map((state, index) => `${stateWords(state)}${flaky[index] ? ' (flaky)' : ''}`);
  const [violation] = results.at(-1)?.violations ?? [];
  const why = violation === undefined ? '' : `: ${violation.requirement} ${violation.message}`;
  return `${words.join(' → ')}${why}`;
};

/** The whole difference in one sentence. */
export const differenceSentence = (difference: Difference): string => {
  const parts = [
    [difference.broken.length, 'broken'],
    [difference.fixed.length, 'fixed'],
    [difference.stillFailing.length, 'still failing'],
    [difference.flaky.length, 'flaky'],
    [difference.otherwise.length, 'otherwise different'],
    [difference.added.length, 'new'],
    [difference.removed.length, 'gone'],
  ] as const;
  const shown = parts.filter(([number]) => number > 0).map(([number, word]) => `${number} ${word}`);
  return shown.length === 0 ? 'no difference' : shown.join(', ');
};

/** The whole comparison in one sentence. */
export const comparisonSentence = ({ columns, difference }: Comparison): string =>
  difference === undefined
    ? `${columns.length} reports side by side`
    : `two runs of ${columns[0]?.subject}: ${differenceSentence(difference)}`;

/** Reports of different versions of the kit may differ because the kit does. */
export const versionNote = ({ columns }: Comparison): string | undefined => {
  const versions = [...new Set(columns.map(({ report }) => report.kit.version))];
  return versions.length > 1 ? `made by different versions of the kit: ${versions.join(', ')}` : undefined;
};
