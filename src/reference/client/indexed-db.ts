import { browserGlobals, type IdbDatabase, type IdbFactory, type IdbRequest } from './browser-globals.js';
import type { ClientStorage } from './storage.js';
import { ClientError } from './types.js';

const STORE = 'records';
/** The page before, which is loaded again at this moment, needs a little time to let go. */
const LOCK_BOUND_MS = 2_000;

const result = <T>(request: IdbRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

const openDatabase = async (factory: IdbFactory, name: string): Promise<IdbDatabase> => {
  const request = factory.open(name, 1);
  request.onupgradeneeded = () => void request.result.createObjectStore(STORE);
  try {
    return await result(request);
  } catch (cause) {
    const remedy = 'Allow the page to store data, or use memoryStorage().';
    throw new ClientError('storage', `the database ${name} cannot be opened`, remedy, { cause });
  }
};

/**
 * Resolves with what lets the database go. Two clients on one database would overwrite each other's records. A page
 * without TLS has no Web Locks: there nobody can know.
 */
const hold = (name: string): Promise<() => void> =>
  new Promise((resolve, reject) => {
    const locks = browserGlobals().navigator?.locks;
    if (!locks) return resolve(() => {});
    const bound = new AbortController();
    const timer = setTimeout(() => bound.abort(), LOCK_BOUND_MS);
    const held = (): Promise<void> => {
      clearTimeout(timer);
      return new Promise((release) => resolve(release));
    };
    locks.request(`im-conformance-storage:${name}`, { signal: bound.signal }, held).catch((cause) => {
      clearTimeout(timer);
      const [what, remedy] = bound.signal.aborted
        ? [
            'is in use by another client',
            'Give `connect` the name as a text: then tabs share it. Or close the other client.',
          ]
        : ['cannot be locked', 'Allow the page to store data, or use memoryStorage().'];
      reject(new ClientError('storage', `the database ${name} ${what}`, remedy, { cause }));
    });
  });

export interface IndexedDbOptions {
  /** Waits until the disk has it, where the browser can. */
  readonly sync?: boolean;
  /** For tests: another IndexedDB than that of the page. */
  readonly factory?: IdbFactory;
}

/**
 * Keeps the records in an IndexedDB database of the page: each step is one transaction. One client at a time has it:
 * another one is refused with the code `storage`.
 */
export const indexedDbStorage = (name: string, { sync = false, factory }: IndexedDbOptions = {}): ClientStorage => {
  let database: IdbDatabase | undefined;
  let letGo = (): void => {};
  return {
    load: async () => {
      letGo = await hold(name);
      database = await openDatabase(factory ?? browserGlobals().indexedDB, name).catch((error) => {
        letGo();
        throw error;
      });
      const store = database.transaction(STORE, 'readonly').objectStore(STORE);
      const [keys, values] = await Promise.all([result(store.getAllKeys()), result(store.getAll())]);
      return keys.map((key, index) => [String(key), values[index]] as const);
    },
    write: (changes) =>
      new Promise((resolve, reject) => {
        const durability = sync ? 'strict' : 'relaxed';
        const transaction = (database as IdbDatabase).transaction(STORE, 'readwrite', { durability });
        transaction.oncomplete = () => resolve();
        transaction.onabort = () => reject(transaction.error ?? new Error('the transaction was aborted'));
        const store = transaction.objectStore(STORE);
        for (const { key, value } of changes) {
          if (value === undefined) store.delete(key);
          else store.put(value, key);
        }
      }),
    close: async () => {
      database?.close();
      letGo();
    },
  };
};
