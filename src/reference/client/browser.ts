import { dialBrowser } from './browser-dial.js';
import { browserGlobals } from './browser-globals.js';
import { Client } from './client.js';
import { Engine, type EngineOptions } from './engine.js';
import { indexedDbStorage } from './indexed-db.js';
import { readOptions } from './options.js';
import type { ClientStorage } from './storage.js';
import { Tabs } from './tabs.js';
import type { ClientOptions } from './types.js';

export { Client } from './client.js';
export { type IndexedDbOptions, indexedDbStorage } from './indexed-db.js';
export { type ClientStorage, memoryStorage, type StorageChange } from './storage.js';
export * from './types.js';

/** An engine that hears of the network of the page: it does not wait out a pause when the network is back. */
const newEngine = (options: EngineOptions, storage: ClientStorage): Engine => {
  const engine = new Engine(options, { storage, dial: dialBrowser, canPing: false });
  const page = browserGlobals();
  const hurry = (): void => engine.hurry();
  // A page that was asleep comes to the front: its timers may have slept, too.
  for (const kind of ['online', 'pageshow', 'visibilitychange']) page.addEventListener?.(kind, hurry);
  engine.events.on('connection', ({ state }) => {
    if (state !== 'closed') return;
    for (const kind of ['online', 'pageshow', 'visibilitychange']) page.removeEventListener?.(kind, hurry);
  });
  return engine;
};

const connectAlone = async (options: EngineOptions, storage: ClientStorage): Promise<Client> => {
  const engine = newEngine(options, storage);
  const snapshot = await engine.load();
  const client = new Client(engine);
  client.adopt(snapshot);
  engine.events.onAny((event) => client.apply(event));
  setTimeout(() => engine.start(), 0);
  return client;
};

/**
 * Opens the storage, and resolves with a client that begins to connect: it does not wait for the server. A text as
 * `storage` names an IndexedDB database; the tabs that name the same one share its device: one of them holds the
 * connection and calls the handlers, the others speak through it and take over when it goes. Rejects with a `ClientError`.
 */
export const connect = async (options: ClientOptions<ClientStorage>): Promise<Client> => {
  const { storage } = options;
  const read = readOptions(options);
  if (typeof storage !== 'string') return await connectAlone(read, storage);
  const { BroadcastChannel, navigator } = browserGlobals();
  if (!BroadcastChannel || !navigator?.locks) return await connectAlone(read, indexedDbStorage(storage));
  const name = `im-conformance-client:${storage}`;
  const tabs = new Tabs({
    name,
    locks: navigator.locks,
    channel: new BroadcastChannel(name),
    newEngine: () => newEngine(read, indexedDbStorage(storage)),
  });
  const client = new Client(tabs);
  await tabs.start(client);
  return client;
};
