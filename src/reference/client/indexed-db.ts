import { browserGlobals, type IdbDatabase, type IdbFactory, type IdbRequest } from './browser-globals.js';
import type { ClientStorage } from './storage.js';
import { ClientError } from './types.js';

const STORE = 'records';

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

export interface IndexedDbOptions {
  /** Waits until the disk has it, where the browser can. */
  readonly sync?: boolean;
  /** For tests: another IndexedDB than that of the page. */
  readonly factory?: IdbFactory;
}

/** Keeps the records in an IndexedDB database of the page: each step is one transaction. */
export const indexedDbStorage = (name: string, { sync = false, factory }: IndexedDbOptions = {}): ClientStorage => {
  let database: IdbDatabase | undefined;
  return {
    load: async () => {
      database = await openDatabase(factory ?? browserGlobals().indexedDB, name);
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
    close: async () => database?.close(),
  };
};
