import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { ENGINES } from '../conformance/patching/cluster-command.js';
import { type Figure, median } from './figure.js';
import { kitProgram } from './kit-program.js';
import { introduce, LoadClient, recipientOf } from './load-client.js';
import { runKit, waitsMs } from './suite.js';

const NODES = 3;
const CLIENTS = 48;
const IN_FLIGHT = 32;
const BODY_BYTES = 100;
const ROUNDS = 3;
const ROUND_MS = 3_000;
const START_MS = 30_000;
const TRY_MS = 2_000;
const LOWEST_PORT = 12_000;
const PORTS = 20_000;
const MOST_TRIES = 50;
/** Faults of nodes are played one after another. */
const SUITE_MS = 5_400_000;
const PASSED_BY_THE_LOAD = ['--max-inbox', '10000000'];

/** Nothing to measure without etcd, and nobody may overlook that. */
const isSkipped = (what: string): boolean => {
  const why = ENGINES.etcd.whyNot();
  if (why === undefined) return false;
  if (process.env.IM_REQUIRE_ALL === '1') throw new Error(why);
  process.stderr.write(`skipped ${what}: ${why}\n`);
  return true;
};

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer().once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });

/** The first of as many free ports in a row; below those from which systems serve outgoing connections. */
const freePorts = async (count: number): Promise<number> => {
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const first = LOWEST_PORT + Math.floor(Math.random() * PORTS);
    const row = await Promise.all(Array.from({ length: count }, (_, index) => isFree(first + index)));
    if (row.every(Boolean)) return first;
  }
  throw new Error(`there are no ${count} free ports in a row`);
};

const connect = async (url: string, user: string): Promise<WebSocket> => {
  const socket = new WebSocket(url, ['im.ran.v1'], { headers: { authorization: `Bearer ${user}` } });
  socket.on('error', () => undefined);
  await once(socket, 'open', { signal: AbortSignal.timeout(TRY_MS) });
  return socket;
};

/** Tries until somebody is let in there. */
const letIn = async (url: string, user: string): Promise<WebSocket> => {
  const until = performance.now() + START_MS;
  for (;;) {
    try {
      return await connect(url, user);
    } catch (error) {
      if (performance.now() > until) throw error;
      await sleep(20);
    }
  }
};

interface Running {
  child: ChildProcess;
  urls: readonly string[];
}

const start = async (words: readonly string[], urls: readonly string[]): Promise<Running> => {
  const child = spawn(process.execPath, [kitProgram, 'serve', ...words], { stdio: ['ignore', 'ignore', 'inherit'] });
  const running = { child, urls };
  try {
    for (const url of urls) (await letIn(url, 'first')).terminate();
    return running;
  } catch (error) {
    await end(running);
    throw error;
  }
};

const end = async ({ child }: Running): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), START_MS);
  await once(child, 'exit');
  clearTimeout(late);
};

const urlAt = (port: number): string => `ws://127.0.0.1:${port}/`;

const startCluster = async (...more: string[]): Promise<Running> => {
  const first = await freePorts(NODES);
  const urls = Array.from({ length: NODES }, (_, index) => urlAt(first + index));
  return await start(['--nodes', String(NODES), '--port', String(first), ...more], urls);
};

/** Messages accepted in a second, the senders spread over these nodes. */
const accepted = async (urls: readonly string[], run: string): Promise<number> => {
  const loads = urls.map(
    (url, index) =>
      new LoadClient({
        url,
        clients: Math.floor(CLIENTS / urls.length),
        inFlight: IN_FLIGHT,
        bodyBytes: BODY_BYTES,
        senders: `sender-${index}`,
        isPatient: true,
      }),
  );
  await Promise.all(loads.map((load) => load.open(run)));
  const rates = await Promise.all(loads.map((load) => load.saturate(ROUND_MS)));
  for (const load of loads) load.close();
  return rates.reduce((sum, rate) => sum + rate, 0);
};

const throughput = async (): Promise<Figure> => {
  const data = mkdtempSync(join(tmpdir(), 'im-conformance-bench-'));
  const running: Running[] = [];
  try {
    const port = await freePorts(1);
    const single = await start(['--port', String(port), '--data', data, ...PASSED_BY_THE_LOAD], [urlAt(port)]);
    running.push(single);
    const cluster = await startCluster(...PASSED_BY_THE_LOAD);
    running.push(cluster);
    const receivers = Array.from({ length: CLIENTS }, (_, index) => recipientOf(index));
    for (const { urls } of running) await introduce(urls[0] ?? '', receivers);
    const rounds: { one: number; three: number }[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const one = await accepted(single.urls, `one-${round}`);
      rounds.push({ one, three: await accepted(cluster.urls, `three-${round}`) });
    }
    const rate = (values: readonly number[]): string => Math.round(median(values)).toLocaleString('en');
    return {
      name: 'cluster of three nodes ÷ single server: accepted messages',
      value: median(rounds.map(({ one, three }) => three / one)),
      unit: 'ratio',
      detail: `${rate(rounds.map(({ three }) => three))}/s and ${rate(rounds.map(({ one }) => one))}/s; ${CLIENTS} clients, ${IN_FLIGHT} in flight, three etcd, synced`,
    };
  } finally {
    await Promise.all(running.map(end));
    rmSync(data, { recursive: true, force: true });
  }
};

/** The process of a node, a child of the program that this measurement started. */
const processOf = ({ child }: Running, node: number): number => {
  const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ');
  const mark = `\0--node\0${node}\0`;
  const found = children.find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(mark));
  if (found === undefined) throw new Error(`there is no process of node ${node}`);
  return Number(found);
};

/** From SIGKILL of the node on which a sender is to the msg:A of its next message on another node. */
const failoverMs = async (cluster: Running): Promise<number> => {
  const [first = '', second = ''] = cluster.urls;
  await introduce(second, ['receiver']);
  const before = await letIn(first, 'sender');
  const from = performance.now();
  process.kill(processOf(cluster, 1), 'SIGKILL');
  await once(before, 'close', { signal: AbortSignal.timeout(START_MS) });
  const socket = await letIn(second, 'sender');
  for (let rid = 1; performance.now() - from < START_MS; rid += 1) {
    const answer = once(socket, 'message', { signal: AbortSignal.timeout(START_MS) });
    const packet = { type: 'msg:R', rid: String(rid), msgId: 'after', to: 'receiver', body: '' };
    socket.send(JSON.stringify(packet));
    const { status } = JSON.parse(String((await answer)[0])) as { status?: string };
    if (status === 'accepted') break;
  }
  socket.terminate();
  return performance.now() - from;
};

const declaredMs = async (url: string): Promise<number> => {
  const response = await fetch(new URL('/.well-known/im-ran', url.replace(/^ws/, 'http')));
  const { timers } = (await response.json()) as { timers: { failoverMs?: number } };
  return timers.failoverMs ?? Number.NaN;
};

const failover = async (): Promise<Figure> => {
  const times: number[] = [];
  let declared = Number.NaN;
  for (let round = 0; round < ROUNDS; round += 1) {
    const cluster = await startCluster();
    try {
      declared = await declaredMs(cluster.urls[1] ?? '');
      times.push(await failoverMs(cluster));
    } finally {
      await end(cluster);
    }
  }
  const most = Math.round(Math.max(...times));
  return {
    name: 'cluster: kill of a node to accepted elsewhere ÷ failoverMs',
    value: median(times) / declared,
    unit: 'ratio',
    target: { atMost: 1 },
    detail: `median of ${ROUNDS}: ${Math.round(median(times))} ms of ${declared} ms, slowest ${most} ms`,
  };
};

/** Three nodes against one, and how soon the others go on when one is killed. */
export const benchCluster = async (): Promise<Figure[]> =>
  isSkipped('cluster') ? [] : [await throughput(), await failover()];

/** Class `replicated` on the reference cluster. Each of its scenarios has the nodes to itself. */
export const benchClusterSuite = async (): Promise<Figure[]> => {
  if (isSkipped('cluster-suite')) return [];
  const words = ['--nodes', String(NODES), '--only', 'server/replicated/**', '--seed', 'bench'];
  const { report, wallMs } = runKit(words, SUITE_MS);
  const minutes = (ms: number): string => `${(ms / 60_000).toFixed(1)} min`;
  return [
    {
      name: 'replicated suite: wall ÷ what its scenarios wait for',
      value: wallMs / waitsMs(report),
      unit: 'ratio',
      target: { atMost: 1.5 },
      detail: `one run; ${minutes(wallMs)} and ${minutes(waitsMs(report))}; ${report.summary.passed} passed, ${report.summary.failed} failed`,
    },
  ];
};
