/**
 * Text in a page of Markdown. What a subject said stands only in code: there, nothing is markup, no link and no mention
 * of a person, whatever dialect of Markdown the page is read with.
 */

const longestRun = (text: string): number => Math.max(0, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));

/** A code span: its fence is longer than any run of backticks in the text. */
export const code = (text: string): string => {
  const fence = '`'.repeat(longestRun(text) + 1);
  const padding = /^`|`$|^ .* $/.test(text) ? ' ' : '';
  return `${fence}${padding}${text}${padding}${fence}`;
};

/** A block of code, line by line. */
export const codeBlock = (lines: readonly string[]): string[] => {
  const fence = '`'.repeat(Math.max(3, longestRun(lines.join('\n')) + 1));
  return [`${fence}text`, ...lines, fence];
};

const escaped = (text: string): string => text.replace(/[\\`*_{}[\]<>#|~]/g, (character) => `\\${character}`);

/** A sentence of the kit or of the specification: what stands between back quotes is code, other characters mean themselves. */
export const prose = (text: string): string => {
  const parts = text.split('`');
  // One that is not closed is an ordinary character, and a code span must not be empty.
  const odd = parts.length % 2 === 0 || parts.some((part, index) => index % 2 === 1 && part.trim() === '');
  return odd ? escaped(text) : parts.map((part, index) => (index % 2 === 1 ? code(part) : escaped(part))).join('');
};

/** The same lines without the margin that all of them have, and without empty ones at the end. */
export const withoutMargin = (lines: readonly string[]): string[] => {
  const full = lines.filter((line) => line.trim() !== '');
  const margin = Math.min(...full.map((line) => line.length - line.trimStart().length));
  const last = lines.findLastIndex((line) => line.trim() !== '');
  return lines.slice(0, last + 1).map((line) => line.slice(margin));
};

/** A part that is folded away until somebody opens it. The title is the kit's own. */
export const folded = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : ['<details>', `<summary>${title}</summary>`, '', ...lines, '', '</details>', ''];

/** A table; the cells are Markdown already. */
export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string[] => [
  `| ${head.join(' | ')} |`,
  `|${head.map(() => '---').join('|')}|`,
  ...rows.map((cells) => `| ${cells.join(' | ')} |`),
  '',
];
