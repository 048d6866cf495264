import type { Report } from '../../schemas/index.js';
import { CLASSES_OF, type Role } from '../../schemas/subject.js';
import type { SubjectClass } from '../../schemas/wire.js';
import { defined } from '../defined.js';
import { KitError } from '../errors.js';
import type { RunOptions, Shard } from '../harness/options.js';
import { didYouMean } from '../nearest.js';
import type { Settings } from './settings.js';
import { readText } from './text-file.js';

/** Names of classes, some of them separated by commas. `field` is the option. Throws a usage KitError for one that there is not. */
export const classesFrom = (list: readonly string[], role: Role, field: string): SubjectClass[] => {
  const known: readonly string[] = CLASSES_OF[role];
  const wanted = list.flatMap((text) => text.split(',')).map((name) => name.trim());
  const unknown = wanted.find((name) => !known.includes(name));
  if (unknown === undefined) return [...new Set(wanted)] as SubjectClass[];
  throw new KitError(
    'usage',
    `there is no class "${unknown}"`,
    `${didYouMean(unknown, known)}Use some of ${known.join(', ')}.`,
    { field },
  );
};

/**
 * What `--class` and `--role` leave. Of a client the sides are classes, too: with `--role` alone `core` is tested as
 * well, and `durable` is left to `--class`.
 */
const chosenClasses = (settings: Settings, role: Role): SubjectClass[] | undefined => {
  const namedBy = (option: 'class' | 'role'): SubjectClass[] | undefined => {
    const list = settings[option] as string[] | undefined;
    return list === undefined ? undefined : classesFrom(list, role, option);
  };
  const [classes, sides] = [namedBy('class'), namedBy('role')];
  const other = sides?.find((name) => name !== 'sender' && name !== 'receiver');
  if (other !== undefined) {
    throw new KitError('usage', `"${other}" is no role of a client`, 'Use sender, receiver or both.', {
      field: 'role',
    });
  }
  return sides === undefined ? classes : [...new Set([...(classes ?? (['core'] as const)), ...sides])];
};

/** The scenarios that failed in an earlier run, known failures left out. The source is a file, or the report itself. */
const lastFailed = (source: string | Report): string[] => {
  const field = 'last-failed';
  const named = typeof source === 'string' ? source : 'that report';
  const found = failedIn(typeof source === 'string' ? parsed(readText(source, 'report', field)) : source);
  if (found === undefined) {
    const remedy = typeof source === 'string' ? 'Write one with --report json=FILE.' : 'Give the report of a run.';
    throw new KitError('usage', `${named} is no JSON report of this kit`, remedy, { field });
  }
  if (found.length > 0) return found;
  throw new KitError('usage', `nothing failed in ${named}`, 'Leave --last-failed out to run everything.', { field });
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const failedIn = (report: unknown): string[] | undefined => {
  try {
    const { scenarios } = report as Report;
    return scenarios.filter(({ verdict, knownFailure }) => verdict === 'failed' && !knownFailure).map(({ id }) => id);
  } catch {
    return undefined;
  }
};

/** Which scenarios the settings choose. Throws a usage KitError for values that cannot be used. */
export const selectionFrom = (
  settings: Settings,
  role: Role,
): Pick<RunOptions, 'role' | 'classes' | 'only' | 'skip'> => {
  const list = (name: string) => (settings[name] as string[] | undefined) ?? [];
  const earlier = settings['last-failed'] as string | Report | undefined;
  return defined({
    role,
    classes: chosenClasses(settings, role),
    only: earlier === undefined ? list('only') : lastFailed(earlier),
    skip: list('skip'),
  });
};

/** `K/N`: the K-th of N equal parts. Throws a usage KitError for what is none. */
export const shardFrom = (text: string): Shard => {
  const [, number = 0, of = 0] = (/^(\d{1,4})\/(\d{1,4})$/.exec(text) ?? []).map(Number);
  if (number >= 1 && number <= of) return { number, of };
  throw new KitError('usage', `--shard cannot be "${text}"`, 'Write K/N with K from 1 to N, such as --shard 1/4.', {
    field: 'shard',
  });
};
