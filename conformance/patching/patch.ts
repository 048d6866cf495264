import { type Static, Type } from '@sinclair/typebox';
import { KitError } from '../../src/errors.js';

export const PatchSchema = Type.Object(
  {
    file: Type.String({
      pattern:
        '^(src/(protocol|reference|wire)/[a-z0-9/-]+|examples/(bare-client-js/client|client-bot-js/(bot|talk)))\\.js$',
      description: 'Compiled file of the reference server or client, below dist/; or the bot of a client.',
    }),
    find: Type.String({
      minLength: 1,
      description: 'Text that stands there exactly once. White space in it matches any white space.',
    }),
    replace: Type.String({ description: 'What stands there instead.' }),
  },
  { additionalProperties: false, description: 'One change of text.' },
);

export type Patch = Static<typeof PatchSchema>;

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** The compiler indents and breaks lines as it likes, so any white space stands for any other. */
const patternOf = (find: string): RegExp => new RegExp(find.trim().split(/\s+/).map(escaped).join('\\s+'), 'g');

/**
 * Applies one patch to the text of its file; `name` is whose patch it is, for the error. Throws a KitError when its
 * text does not stand there exactly once: a patch that changes nothing would leave a correct server, and one that
 * changes several places is not one small fault.
 */
export const applyPatch = (name: string, patch: Patch, text: string): string => {
  const found = [...text.matchAll(patternOf(patch.find))];
  const [only] = found;
  if (found.length !== 1 || only === undefined) {
    throw new KitError(
      'usage',
      `${name}: found ${found.length} times instead of once in ${patch.file}: ${patch.find.trim()}`,
      'Adapt "find" to the compiled file, or build again if it is older than its source.',
    );
  }
  return text.slice(0, only.index) + patch.replace + text.slice(only.index + only[0].length);
};
