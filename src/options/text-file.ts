import { readFileSync } from 'node:fs';
import { KitError } from '../errors.js';

/**
 * The text of a file that an option names. `what` it is, such as `list of accounts`, and `field`, the option, are for the
 * error alone. Throws a usage KitError where it cannot be read.
 */
export const readText = (path: string, what: string, field: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unreadable';
    throw new KitError('usage', `cannot read the ${what} ${path} (${code})`, 'Check the name of the file.', {
      cause,
      field,
    });
  }
};
