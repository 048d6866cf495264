import { KitError } from '../src/errors.js';
import { wrapMarkdown } from './prose.js';

const begin = (name: string): string => `<!-- ${name}: generated -->`;
const end = (name: string): string => `<!-- ${name}: end -->`;

/**
 * A text with the lines between the marks of each block replaced. Throws a KitError for a block whose two marks do
 * not stand there once each, in this order. Long prose in a block is broken like all other.
 */
export const withBlocks = (text: string, blocks: Readonly<Record<string, readonly string[]>>): string =>
  Object.entries(blocks).reduce((before, [name, lines]) => {
    const [head = '', rest, ...more] = before.split(begin(name));
    const [, tail, ...others] = (rest ?? '').split(end(name));
    if (tail === undefined || more.length > 0 || others.length > 0) {
      throw new KitError('usage', `the block "${name}" has no place`, `Write ${begin(name)} and ${end(name)} once.`);
    }
    return `${head}${begin(name)}\n${wrapMarkdown(lines.join('\n'))}\n${end(name)}${tail}`;
  }, text);
