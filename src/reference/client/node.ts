import { Client } from './client.js';
import { Engine } from './engine.js';
import { journalStorage } from './journal.js';
import { dialNode } from './node-dial.js';
import { readOptions } from './options.js';
import type { ClientStorage } from './storage.js';
import type { ClientOptions } from './types.js';

export { Client } from './client.js';
export { type JournalOptions, journalStorage } from './journal.js';
export { levelStorage } from './level.js';
export { type ClientStorage, memoryStorage, type StorageChange } from './storage.js';
export * from './types.js';

/**
 * Opens the storage, and resolves with a client that begins to connect: it does not wait for the server. Handlers are
 * called soon after. A text as `storage` names a folder. Rejects with a `ClientError`.
 */
export const connect = async (options: ClientOptions<ClientStorage>): Promise<Client> => {
  const { storage } = options;
  const engine = new Engine(readOptions(options), {
    storage: typeof storage === 'string' ? journalStorage(storage) : storage,
    dial: dialNode,
    canPing: true,
  });
  const snapshot = await engine.load();
  const client = new Client(engine);
  client.adopt(snapshot);
  engine.events.onAny((event) => client.apply(event));
  // After the caller has the client: its handlers may want to use it.
  setTimeout(() => engine.start(), 0);
  return client;
};
