import type { ScenarioResult } from '../../schemas/index.js';

/** Small helpers for sentences: every report speaks the same way. */

/** `1 scenario`, `2 scenarios`. */
export const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;

/** `340 ms`, `12.3 s`, `2 min 5 s`. */
export const duration = (ms: number): string => {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
};

/** `a, b, c and 4 more`: never more than `limit` names. */
export const names = (all: readonly string[], limit = 8): string =>
  all.length <= limit ? all.join(', ') : `${all.slice(0, limit).join(', ')} and ${all.length - limit} more`;

/** Breaks a sentence at spaces into lines of at most `width` characters; a longer word stays whole. */
export const wrap = (text: string, width: number): string[] => {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
};

/** The page of a real bug: `owner/repository#12` or `CVE-2020-1`. */
export const bugLink = (bug: string): string => {
  const [, repository, number] = /^([\w.-]+\/[\w.-]+)#(\d+)$/.exec(bug) ?? [];
  if (repository !== undefined) return `https://github.com/${repository}/issues/${number}`;
  return bug.startsWith('CVE-') ? `https://nvd.nist.gov/vuln/detail/${bug}` : bug;
};

/** Groups items by a key, in order of first appearance. */
export const groupBy = <T>(items: readonly T[], key: (item: T) => string): [string, T[]][] => {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group === undefined) groups.set(key(item), [item]);
    else group.push(item);
  }
  return [...groups];
};

/** A report for people or for a CI page holds this many violations of one scenario; the JSON report holds all. */
export const MAX_VIOLATIONS = 20;

/** The first of many, and a sentence about the rest where there is one. */
export const cut = <T>(items: readonly T[], noun: string): { shown: readonly T[]; rest: string[] } => {
  const left = items.length - MAX_VIOLATIONS;
  return { shown: items.slice(0, MAX_VIOLATIONS), rest: left > 0 ? [`and ${count(left, noun)} more`] : [] };
};

/** `repetition 3 of 20, 2 failed: 3, 7`: which repetition of a scenario a result shows. Undefined: it was played once. */
export const repetitionWords = ({ repetitions }: Pick<ScenarioResult, 'repetitions'>): string | undefined => {
  if (repetitions === undefined) return undefined;
  const { played, failed, shown } = repetitions;
  const which = played === 1 ? `repetition ${shown} alone` : `repetition ${shown} of ${played}`;
  return failed.length < 2 ? which : `${which}, ${failed.length} failed: ${names(failed.map(String))}`;
};

/** `the first attempt failed: IM-2-3: …`: why another one was made, and where its history is. Undefined: there was one. */
export const firstAttemptWords = ({ firstAttempt }: Pick<ScenarioResult, 'firstAttempt'>): string | undefined => {
  if (firstAttempt === undefined) return undefined;
  const { verdict, reason, history } = firstAttempt;
  const how = verdict === 'failed' ? 'failed' : `was ${verdict}`;
  return `the first attempt ${how}: ${reason}${history === undefined ? '' : ` (${history})`}`;
};
