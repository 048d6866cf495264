import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { NEEDED_PACKETS, ProfileSchema } from '../../schemas/index.js';
import { KitError } from '../errors.js';
import { errorFinder } from '../wire/index.js';
import type { Dialect } from './dialect.js';
import { loadMapping } from './mapping/index.js';

const isDialect = (value: unknown): value is Dialect =>
  typeof value === 'object' && value !== null && 'open' in value && 'profile' in value && 'transport' in value;

const MODULE_REMEDY =
  'Export a dialect as the default: name, transport, profile with packets and fields, and open(who, wire, memory).';

/** What a module may have written wrong, as a sentence goes on. */
const faultOf = ({ name, transport, profile, open }: Dialect): string | undefined => {
  if (typeof name !== 'string' || name === '') return 'name must be a text';
  if (transport !== 'ws' && transport !== 'tcp') return 'transport must be ws or tcp';
  if (typeof open !== 'function') return 'open must be a function';
  const [fault] = errorFinder(ProfileSchema)(profile);
  return fault && `${['profile', ...fault.path].join('.')} ${fault.text}`;
};

/** Without the three packets nothing could be judged. */
const checkedModule = (dialect: Dialect, file: string): Dialect => {
  const fault = faultOf(dialect);
  if (fault !== undefined) throw new KitError('usage', `the dialect ${file}: ${fault}`, MODULE_REMEDY);
  const missing = NEEDED_PACKETS.find((type) => !dialect.profile.packets.includes(type));
  if (missing === undefined) return dialect;
  throw new KitError(
    'usage',
    `the dialect ${file} has no ${missing}`,
    'A server can be judged only where a message can be sent, is answered, and reaches its receiver.',
  );
};

const fromModule = async (file: string): Promise<Dialect> => {
  let loaded: Record<string, unknown>;
  try {
    loaded = (await import(pathToFileURL(resolve(file)).href)) as Record<string, unknown>;
  } catch (cause) {
    const message = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
    throw new KitError('usage', `cannot load the dialect ${file}: ${message}`, 'Correct the module.', { cause });
  }
  const found = [loaded.default, ...Object.values(loaded)].find(isDialect);
  if (found === undefined) throw new KitError('usage', `${file} exports no dialect`, MODULE_REMEDY);
  return checkedModule(found, file);
};

/** Reads a dialect: a mapping in YAML, or a module that exports one. Throws a usage KitError that names file and line. */
export const loadDialect = async (file: string): Promise<Dialect> => {
  if (/\.m?js$/.test(file)) return fromModule(file);
  if (/\.ya?ml$/.test(file)) return loadMapping(file);
  throw new KitError('usage', `${file} is no dialect`, 'Name a .yaml or .mjs file.');
};
