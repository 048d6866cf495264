import { setTimeout as sleep } from 'node:timers/promises';
import { entryKey, type Lease, type Log, type LogEvent, type Snapshot, type Snapshots } from '../log.js';

const LEASE_MS = 2_000;
const REQUEST_MS = 1_000;
/** Between two questions for what is new. A shared database has no watch. */
const POLL_MS = 25;
const RETRY_MS = 100;
const PAGE = 500;

type Value = string | number;
type Statement = readonly [text: string, values: readonly Value[]];
interface Result {
  rows: Value[][];
  changes: number;
}

const NOW = "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)";

const TABLES: readonly Statement[] = [
  `CREATE TABLE IF NOT EXISTS log (
     revision INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, node TEXT, life TEXT, count INTEGER, text TEXT)`,
  "CREATE UNIQUE INDEX IF NOT EXISTS entry_of_life ON log (life, count) WHERE kind = 'entry'",
  'CREATE TABLE IF NOT EXISTS node (name TEXT PRIMARY KEY, life TEXT NOT NULL, until INTEGER NOT NULL)',
  `CREATE TRIGGER IF NOT EXISTS node_left AFTER DELETE ON node
     BEGIN INSERT INTO log (kind, node) VALUES ('left', OLD.name); END`,
].map((text) => [text, []]);

/** Whoever asks first after a lease has lapsed writes down that it has: by the clock of the database, which is one. */
const SWEEP: readonly Statement[] = [[`DELETE FROM node WHERE until < ${NOW}`, []]];

const eventOf = ([revision, kind, node, life, count, text]: Value[]): LogEvent => {
  const place = { revision: Number(revision) };
  if (kind === 'entry') return { ...place, kind, key: entryKey(String(life), Number(count)), text: String(text) };
  if (kind === 'joined') return { ...place, kind, node: String(node), life: String(life) };
  return { ...place, kind: 'left', node: String(node) };
};

/** It keeps the whole log, so none is ever needed. */
const NO_SNAPSHOTS: Snapshots = {
  newest: async () => undefined,
  read: async (snapshot: Snapshot) => {
    throw new Error(`there is no snapshot ${snapshot.name}`);
  },
  write: async () => undefined,
  report: async () => undefined,
  trim: async () => false,
};

/**
 * The log as two tables of a SQL database that all nodes share, sql-service.py: for a correct cluster that keeps its log
 * in something else than the reference does. Each request is one transaction, and the database runs one after another.
 */
export class SqlLog implements Log {
  readonly leaseMs = LEASE_MS;
  readonly snapshotAfter = Number.POSITIVE_INFINITY;
  readonly snapshots = NO_SNAPSHOTS;
  readonly #url: string;
  #hasTables = false;

  /** `urls`: those of the databases; there is only one. */
  constructor([url = '']: readonly string[]) {
    this.#url = url;
  }

  async append(count: number, text: string, { life }: Lease): Promise<'appended' | 'fenced'> {
    const [inserted, written] = await this.#run([
      [
        `INSERT INTO log (kind, life, count, text) SELECT 'entry', ?1, ?2, ?3
         WHERE EXISTS (SELECT 1 FROM node WHERE life = ?1)
           AND ?2 = 1 + (SELECT COALESCE(MAX(count), 0) FROM log WHERE kind = 'entry' AND life = ?1)`,
        [life, count, text],
      ],
      ["SELECT COALESCE(MAX(count), 0) FROM log WHERE kind = 'entry' AND life = ?", [life]],
    ]);
    return inserted?.changes === 1 || Number(written?.rows[0]?.[0]) >= count ? 'appended' : 'fenced';
  }

  async join(node: string, life: string): Promise<Lease> {
    await this.#run([
      [
        `INSERT INTO node (name, life, until) VALUES (?1, ?2, ${NOW} + ?3)
         ON CONFLICT (name) DO UPDATE SET life = excluded.life, until = excluded.until`,
        [node, life, LEASE_MS],
      ],
      ["INSERT INTO log (kind, node, life) VALUES ('joined', ?, ?)", [node, life]],
    ]);
    return {
      life,
      renew: async () => {
        const [renewed] = await this.#run([[`UPDATE node SET until = ${NOW} + ? WHERE life = ?`, [LEASE_MS, life]]]);
        return renewed?.changes === 1;
      },
      leave: async () => {
        await this.#run([[`UPDATE node SET until = 0 WHERE life = ?`, [life]], ...SWEEP]);
      },
    };
  }

  async follow(after: number, onEvent: (event: LogEvent) => void, signal: AbortSignal): Promise<void> {
    let seen = after;
    let limit = PAGE;
    while (!signal.aborted) {
      let pauseMs = POLL_MS;
      try {
        const [page] = await this.#run([
          [
            'SELECT revision, kind, node, life, count, text FROM log WHERE revision > ? ORDER BY revision LIMIT ?',
            [seen, limit],
          ],
        ]);
        for (const row of page?.rows ?? []) {
          if (signal.aborted) return;
          const event = eventOf(row);
          seen = event.revision;
          onEvent(event);
        }
        if (page?.rows.length === limit) pauseMs = 0;
        limit = Math.min(PAGE, 2 * limit);
      } catch {
        pauseMs = RETRY_MS;
        // Long entries may take too long to come.
        limit = Math.max(1, Math.floor(limit / 2));
      }
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }

  noteLag(): void {}

  /** What has lapsed is written down first. Rejects when the database does not answer in time. */
  async #run(statements: readonly Statement[]): Promise<Result[]> {
    const before = [...(this.#hasTables ? [] : TABLES), ...SWEEP];
    const body = JSON.stringify({ statements: [...before, ...statements] });
    const response = await fetch(this.#url, { method: 'POST', body, signal: AbortSignal.timeout(REQUEST_MS) });
    const answer = (await response.json()) as { results?: Result[]; error?: string };
    if (answer.results === undefined) throw new Error(`the database answered ${response.status}: ${answer.error}`);
    this.#hasTables = true;
    return answer.results.slice(before.length);
  }
}
