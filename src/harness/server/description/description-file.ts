import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { Description } from '../../../../schemas/index.js';
import { KitError } from '../../../errors.js';
import { descriptionFaults } from '../../../wire/index.js';
import { knownMembers } from './fetch-description.js';
import { checkSpelling } from './misspelt.js';

/** Faults that one message lists. */
const MAX_FAULTS = 5;
const REMEDY = 'Write it as the schema description.schema.json says; only "protocol: im.ran.v1" is required.';

/** A description that was given as a value; `where` is what errors call it. Throws a usage KitError that names the field. */
export const descriptionOf = (value: unknown, where: string): Description => {
  checkSpelling(value, where);
  const faults = descriptionFaults(value);
  if (faults.length === 0) return knownMembers(value as Description);
  const more = faults.length > MAX_FAULTS ? `; and ${faults.length - MAX_FAULTS} more` : '';
  throw new KitError(
    'usage',
    `The description ${where} is not valid: ${faults.slice(0, MAX_FAULTS).join('; ')}${more}.`,
    REMEDY,
    { field: 'describe' },
  );
};

/** Reads the description of a server from a JSON or YAML file. A KitError names the file and the faulty field. */
export const readDescriptionFile = (path: string): Description => {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new KitError(
      'usage',
      `The description "${path}" could not be read: ${(cause as Error).message}.`,
      'Give --describe the path of a JSON or YAML file.',
      { cause, field: 'describe' },
    );
  }
  let value: unknown;
  try {
    // JSON is a part of YAML.
    value = parse(text);
  } catch (cause) {
    const [reason] = (cause as Error).message.split('\n');
    throw new KitError('usage', `The description "${path}" is neither JSON nor YAML: ${reason}`, REMEDY, {
      cause,
      field: 'describe',
    });
  }
  return descriptionOf(value, `"${path}"`);
};
