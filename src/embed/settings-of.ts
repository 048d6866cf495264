import { ROLES, type Role } from '../../schemas/index.js';
import { KitError } from '../errors.js';
import { didYouMean } from '../nearest.js';
import { type AlsoTaken, checkValue, type Settings } from '../options/settings.js';
import { FIELDS } from './fields.js';
import type { ConformanceOptions } from './options.js';

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every((item) => typeof item === 'string');

const isAccount = (value: unknown): boolean =>
  isRecord(value) &&
  typeof value.user === 'string' &&
  [value.device, value.token].every((text) => text === undefined || typeof text === 'string');

/** What a program can hand over, where a command line names a file. */
const ALSO: Readonly<Record<string, AlsoTaken>> = {
  baseline: { fits: isTexts, expected: 'the name of a file, or a list of ids' },
  users: {
    fits: (value) => Array.isArray(value) && value.every(isAccount),
    expected: 'the name of a file, or a list of accounts { user, device?, token? }',
  },
  lastFailed: { fits: isRecord, expected: 'the name of a file, or a report' },
};

const checkRole = (role: unknown): Role => {
  const known = ROLES.find((name) => name === role);
  if (known !== undefined) return known;
  throw new KitError('usage', '"role" must be server or client', 'Leave it out to test a server.', { field: 'role' });
};

const checkSignal = ({ signal }: ConformanceOptions): void => {
  if (signal === undefined || signal instanceof AbortSignal) return;
  const remedy = 'Give the signal of an AbortController.';
  throw new KitError('usage', '"signal" must be an AbortSignal', remedy, { field: 'signal' });
};

const unknownField = (field: string): KitError => {
  const names = ['role', ...FIELDS.keys(), 'signal'];
  const remedy = `${didYouMean(field, names)}Use some of ${names.join(', ')}.`;
  return new KitError('usage', `there is no option "${field}"`, remedy, { field });
};

/** A list in a program may be read-only, and belongs to the program. */
const owned = (value: unknown): unknown => (Array.isArray(value) ? [...value] : value);

/**
 * What a program wrote as what the command line reads from flags and files: from here on there is one path. Throws a
 * usage KitError for a name or a value that is none. What is undefined counts as not given.
 */
export const settingsOf = (options: ConformanceOptions): { role: Role; settings: Settings } => {
  if (!isRecord(options)) {
    throw new KitError('usage', 'the options must be an object', 'Write it like { url: "ws://127.0.0.1:9001/" }.');
  }
  const { role: asked = 'server', signal: _, ...rest } = options as ConformanceOptions;
  const role = checkRole(asked);
  checkSignal(options);
  const settings: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(rest)) {
    if (value === undefined) continue;
    const spec = FIELDS.get(field);
    if (spec === undefined) throw unknownField(field);
    if (spec.role !== undefined && spec.role !== role) {
      const message = `"${field}" is for a ${spec.role} under test, and the role is ${role}`;
      throw new KitError('usage', message, 'Leave it out.', { field });
    }
    settings[spec.name] = owned(checkValue(spec, value, `"${field}"`, ALSO[field]));
  }
  return { role, settings };
};
