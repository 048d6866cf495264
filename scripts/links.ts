import { posix } from 'node:path';

/** `[text](target)` and `![text](target)`; a target on the web is not looked at. */
const LINK = /\]\(((?![a-z]+:)[^)\s]+)\)/g;
const CODE = /^```[\s\S]*?^```/gm;

/** What GitHub makes of a heading: its words in small letters, joined by hyphens. */
export const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');

const anchorsOf = (text: string): Set<string> =>
  new Set([...text.replace(CODE, '').matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => anchorOf(heading)));

/**
 * Relative links that lead nowhere, as `page: target`. `pages` are texts in Markdown by their paths, `files` all paths
 * that there are; folders of these count.
 */
export const brokenLinks = (pages: ReadonlyMap<string, string>, files: readonly string[]): string[] => {
  const exists = (path: string) =>
    files.some((file) => file === path || file.startsWith(`${path.replace(/\/$/, '')}/`));
  return [...pages].flatMap(([page, text]) =>
    [...text.replace(CODE, '').matchAll(LINK)].flatMap(([, target = '']) => {
      const [path = '', anchor] = target.split('#');
      const whole = path === '' ? page : posix.join(posix.dirname(page), path);
      const there = exists(whole) && (anchor === undefined || anchorsOf(pages.get(whole) ?? '').has(anchor));
      return there ? [] : [`${page}: ${target}`];
    }),
  );
};
