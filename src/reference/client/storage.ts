/** One change of one record. Without `value` the record is deleted. Values are JSON. */
export interface StorageChange {
  /** Names the record; short. */
  readonly key: string;
  /** What is stored now; absent: the record is deleted. */
  readonly value?: unknown;
}

/**
 * Where a client keeps its queue, its inbox and the ids whose ack it owes: records under short text keys. The client
 * holds all of them in memory, too, so a storage is read once and then only written.
 */
export interface ClientStorage {
  /** All records, in any order. Called once, before anything is written. */
  load(): Promise<Iterable<readonly [key: string, value: unknown]>>;
  /** Stores all changes or none of them. The client waits for it before it tells anybody. Never called twice at a time. */
  write(changes: readonly StorageChange[]): Promise<void>;
  /** Called once, at the end. */
  close(): Promise<void>;
}

/** Keeps everything in memory: what is open is lost with the process. For tests, and for clients that may forget. */
export const memoryStorage = (records: Map<string, unknown> = new Map()): ClientStorage => ({
  load: async () => [...records],
  write: async (changes) => {
    for (const { key, value } of changes) {
      if (value === undefined) records.delete(key);
      else records.set(key, value);
    }
  },
  close: async () => {},
});
