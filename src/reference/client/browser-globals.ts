/**
 * What the client uses of a browser, and no more: the project is compiled without the types of the DOM, so that nothing
 * else can lean on them by mistake.
 */
export interface IdbRequest<T> {
  readonly result: T;
  readonly error: Error | null;
  onsuccess: (() => void) | null;
  onerror: (() => void) | null;
}
export interface IdbStore {
  put(value: unknown, key: string): unknown;
  delete(key: string): unknown;
  getAll(): IdbRequest<unknown[]>;
  getAllKeys(): IdbRequest<unknown[]>;
}
export interface IdbTransaction {
  objectStore(name: string): IdbStore;
  readonly error: Error | null;
  oncomplete: (() => void) | null;
  onabort: (() => void) | null;
}
export interface IdbDatabase {
  createObjectStore(name: string): unknown;
  transaction(
    name: string,
    mode: 'readonly' | 'readwrite',
    options?: { durability: 'strict' | 'relaxed' },
  ): IdbTransaction;
  close(): void;
  onversionchange: (() => void) | null;
}
export interface IdbOpenRequest extends IdbRequest<IdbDatabase> {
  onupgradeneeded: (() => void) | null;
}
export interface IdbFactory {
  open(name: string, version: number): IdbOpenRequest;
}

export interface Locks {
  /** Holds the lock until the promise of `held` settles; the end of the page lets it go, too. */
  request(name: string, options: { signal?: AbortSignal }, held: () => Promise<void>): Promise<void>;
}

export interface Channel {
  postMessage(data: unknown): void;
  close(): void;
  onmessage: ((event: { data: unknown }) => void) | null;
}

export interface BrowserSocket {
  readonly readyState: number;
  send(text: string): void;
  close(code?: number): void;
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
}

/** The globals of a page; those that an old browser lacks are optional. */
export interface BrowserGlobals {
  readonly indexedDB: IdbFactory;
  readonly WebSocket: new (url: string, protocols: string[]) => BrowserSocket;
  readonly BroadcastChannel?: new (name: string) => Channel;
  readonly navigator?: { readonly locks?: Locks };
  addEventListener?(kind: string, listener: () => void): void;
  removeEventListener?(kind: string, listener: () => void): void;
}

export const browserGlobals = (): BrowserGlobals => globalThis as unknown as BrowserGlobals;
