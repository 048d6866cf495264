import type { ClientStorage } from './storage.js';

/**
 * Keeps the records in a LevelDB database, through the package `classic-level`, which the application has to have. For
 * large queues; `journalStorage` needs nothing.
 */
export const levelStorage = (folder: string, { sync = false }: { sync?: boolean } = {}): ClientStorage => {
  const opened = import('classic-level').then(async ({ ClassicLevel }) => {
    const db = new ClassicLevel<string, unknown>(folder, { valueEncoding: 'json' });
    await db.open();
    return db;
  });
  // `load` tells of the error.
  opened.catch(() => {});
  return {
    load: async () => await (await opened).iterator().all(),
    write: async (changes) => {
      const db = await opened;
      const batch = changes.map(({ key, value }) =>
        value === undefined ? ({ type: 'del', key } as const) : ({ type: 'put', key, value } as const),
      );
      await db.batch(batch, { sync });
    },
    close: async () => {
      await (await opened).close();
    },
  };
};
