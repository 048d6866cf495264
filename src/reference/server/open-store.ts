import { KitError } from '../../errors.js';
import { makeFolder } from '../../make-folder.js';
import { MemoryStore } from './memory-store.js';
import type { ServerConfig } from './options.js';
import type { Store } from './store.js';

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

const unusable = (folder: string, error: unknown): KitError => {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  if (codeOf(cause) === 'LEVEL_LOCKED') {
    return new KitError(
      'usage',
      `the data folder ${folder} is in use by another process`,
      'Stop that server, or give another folder with --data.',
      { cause: error },
    );
  }
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new KitError(
    'usage',
    `cannot use the data folder ${folder}: ${reason}`,
    'Give a folder with --data that can be written and that holds nothing but data of this server.',
    { cause: error },
  );
};

/** Disk with class `durable`, memory without. The database module is loaded only when it is needed. */
export const openStore = async ({ classes, data, cluster }: ServerConfig): Promise<Store> => {
  // The log and its snapshots keep what a cluster has accepted, and a node takes it from there when it starts.
  if (!classes.has('durable') || data === undefined || cluster) return new MemoryStore();
  try {
    makeFolder(data);
    const { openLevelStore } = await import('./level-store.js');
    return await openLevelStore(data);
  } catch (error) {
    throw unusable(data, error);
  }
};
