import { runLong } from './run-long.js';

const DEFAULT_MESSAGES = 1_000_000;
const LOOKS = 10;
const MEGABYTE = 1024 * 1024;

/**
 * `node dist/src/reference/cluster/testing/try-length.js [MESSAGES]`: sends so many messages through a cluster whose log is
 * in memory, acks each, and prints at intervals what is kept of them.
 */
const main = async (): Promise<void> => {
  const messages = Number(process.argv[2] ?? DEFAULT_MESSAGES);
  const text = (count: number): string => Math.round(count).toLocaleString('en').padStart(12);
  process.stdout.write('    messages  entries kept   known ids   snapshot, MB   resident, MB\n');
  await runLong({
    messages,
    lookEvery: Math.ceil(messages / LOOKS),
    onLook: ({ messages: sent, entries, known, snapshots }) => {
      const columns = [sent, entries, known, snapshots / MEGABYTE, process.memoryUsage().rss / MEGABYTE];
      process.stdout.write(`${columns.map(text).join('  ')}\n`);
    },
  });
};

await main();
