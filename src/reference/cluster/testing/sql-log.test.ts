import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { packageRoot } from '../../../package-root.js';
import { freePort } from './etcd-members.js';
import { SqlLog } from './sql-log.js';
import { tryLog } from './try-log.js';

const PYTHON = '/usr/bin/python3';
const SERVICE = join(packageRoot, 'src/reference/cluster/testing/sql-service.py');
/** Longer than a lease. Milliseconds. */
const AWAY_MS = 3_000;
const LOOK_MS = 50;

const hasPython = spawnSync(PYTHON, ['-c', 'import sqlite3'], { stdio: 'ignore' }).status === 0;
const skip =
  hasPython || process.env.IM_REQUIRE_ALL === '1' ? false : 'needs sqlite3 of Python: apt-get install -y python3';

const ask = async (url: string, statements: unknown): Promise<[status: number, body: unknown]> => {
  const response = await fetch(url, { method: 'POST', body: JSON.stringify({ statements }) });
  return [response.status, await response.json()];
};

/** Resolves when it answers. */
const startService = async (port: number, file: string): Promise<ChildProcess> => {
  const service = spawn(PYTHON, [SERVICE, '--port', String(port), '--file', file], { stdio: 'inherit' });
  const url = `http://127.0.0.1:${port}`;
  const answers = (): Promise<boolean> =>
    ask(url, []).then(
      () => true,
      () => false,
    );
  while (!(await answers())) await sleep(LOOK_MS);
  return service;
};

t.test('a log in a SQL database loses, doubles and moves nothing', { skip, timeout: 120_000 }, async (t) => {
  const port = await freePort();
  const file = join(t.testdir(), 'sql.db');
  const url = `http://127.0.0.1:${port}`;
  let service = await startService(port, file);
  t.teardown(() => service.kill('SIGKILL'));
  const { acked, lost, doubled, moved, attacks } = await tryLog(() => new SqlLog([url]), 3, [
    {
      name: 'killed',
      strike: async () => {
        service.kill('SIGKILL');
        await once(service, 'close');
        const isGone = await ask(url, []).then(
          () => false,
          () => true,
        );
        service = await startService(port, file);
        return isGone;
      },
    },
    {
      name: 'frozen',
      strike: async () => {
        service.kill('SIGSTOP');
        await sleep(AWAY_MS);
        service.kill('SIGCONT');
        return true;
      },
    },
  ]);
  t.ok(acked > 0);
  t.strictSame({ lost, doubled, moved }, { lost: 0, doubled: 0, moved: 0 });
  t.ok(attacks.every(({ fired }) => fired));
  // A lease lapses by the clock of the database: while it was frozen all of them did.
  t.ok((attacks[1]?.gapMs ?? 0) >= AWAY_MS / 2, 'nothing was appended meanwhile');

  const cases: [statements: unknown, status: number, body: object | RegExp][] = [
    [[['SELECT 1 + ?', [2]]], 200, { results: [{ rows: [[3]], changes: -1 }] }],
    [[['SELECT', []]], 400, { error: /incomplete input/ }],
    [7, 400, { error: /int/ }],
    // All of one request, or nothing.
    [
      [
        ['DELETE FROM log', []],
        ['SELECT * FROM gone', []],
      ],
      400,
      { error: 'no such table: gone' },
    ],
    [[['SELECT COUNT(*) > 0 FROM log', []]], 200, { results: [{ rows: [[1]] }] }],
  ];
  for (const [statements, status, body] of cases) {
    t.match(await ask(url, statements), [status, body], JSON.stringify(statements));
  }
});

t.test('a life that was left appends nothing, and one that retries appends once', { skip }, async (t) => {
  const port = await freePort();
  const service = await startService(port, join(t.testdir(), 'sql.db'));
  t.teardown(() => service.kill('SIGKILL'));
  const log = new SqlLog([`http://127.0.0.1:${port}`]);
  const lease = await log.join('1', '1-first');
  t.equal(await log.append(1, 'one', lease), 'appended');
  t.equal(await log.append(1, 'one', lease), 'appended');
  t.equal(await log.append(3, 'three', lease), 'fenced');
  const next = await log.join('1', '1-second');
  t.equal(await log.append(2, 'two', lease), 'fenced');
  t.equal(await lease.renew(), false);
  t.equal(await next.renew(), true);
  await next.leave();
  t.equal(await log.append(1, 'one', next), 'fenced');
  const told: unknown[] = [];
  const ended = new AbortController();
  await log.follow(
    0,
    ({ kind }) => {
      told.push(kind);
      if (kind === 'left') ended.abort();
    },
    ended.signal,
  );
  t.strictSame(told, ['joined', 'entry', 'joined', 'left']);
});
