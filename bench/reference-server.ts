import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'hdr-histogram-js';
import { introduce, LoadClient, recipientOf } from './load-client.js';

const CLIENTS = 50;
const IN_FLIGHT = 32;
const BODY_BYTES = 100;
const ROUNDS = 3;
const ROUND_MS = 3_000;
const LATENCY_MS = 5_000;
/** How long a child may take to listen or to end. */
const CHILD_MS = 20_000;
/** The pace of the open load: every so many milliseconds, what is due by then is sent. */
const TICK_MS = 2;

const built = dirname(dirname(fileURLToPath(import.meta.url)));

interface Child {
  url: string;
  end(): Promise<void>;
}

const start = async (script: string, ...more: string[]): Promise<Child> => {
  const child: ChildProcess = spawn(process.execPath, [join(built, script), ...more], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const end = async (): Promise<void> => {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), CHILD_MS);
    await exited;
    clearTimeout(timer);
  };
  const timer = setTimeout(() => child.kill('SIGKILL'), CHILD_MS);
  const line = await Promise.race([once(child.stdout as NodeJS.ReadableStream, 'data'), exited.then(() => [''])]);
  clearTimeout(timer);
  const url = /ws:\S+/.exec(String(line[0]))?.[0];
  if (url === undefined) throw new Error(`${script} ended before it listened`);
  return { url, end };
};

const loadOn = (url: string): LoadClient =>
  new LoadClient({ url, clients: CLIENTS, inFlight: IN_FLIGHT, bodyBytes: BODY_BYTES });

const throughput = async (url: string, run: string): Promise<number> => {
  const load = loadOn(url);
  await load.open(run);
  try {
    return await load.saturate(ROUND_MS);
  } finally {
    load.close();
  }
};

/** An open load: requests go out when they are due, answered or not, and latency counts from when they were due. */
const latency = async (url: string, perSecond: number): Promise<{ p50Ms: number; p99Ms: number; answers: number }> => {
  const load = loadOn(url);
  await load.open('latency');
  const histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 60_000_000,
    numberOfSignificantValueDigits: 3,
  });
  const dueAt = Array.from({ length: CLIENTS }, () => [] as number[]);
  load.onAnswer = (client, request) => {
    histogram.recordValue(Math.max(1, Math.round((performance.now() - (dueAt[client]?.[request] ?? 0)) * 1_000)));
  };
  const begin = performance.now();
  let sent = 0;
  for (let now = begin; now - begin < LATENCY_MS; now = performance.now()) {
    for (const due = ((now - begin) * perSecond) / 1_000; sent < due; sent += 1) {
      const client = sent % CLIENTS;
      dueAt[client]?.push(begin + (sent * 1_000) / perSecond);
      load.send(client);
    }
    await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  }
  const bound = performance.now() + CHILD_MS;
  while (load.answered < sent && performance.now() < bound)
    await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  load.close();
  const ms = (percentile: number): number => histogram.getValueAtPercentile(percentile) / 1_000;
  return { p50Ms: ms(50), p99Ms: ms(99), answers: load.answered };
};

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;

export interface ReferenceServerBench {
  /** Durable accepted messages per second ÷ echoes per second, median of the rounds. */
  ratio: number;
  acceptedPerSecond: number;
  echoesPerSecond: number;
  /** From when a request was due to its msg:A, at half the accepted rate. */
  latency: { perSecond: number; p50Ms: number; p99Ms: number };
}

/** Both servers get the same load from this process, in turns, so that a busy machine slows down both. */
export const benchReferenceServer = async (): Promise<ReferenceServerBench> => {
  const data = mkdtempSync(join(tmpdir(), 'im-conformance-bench-'));
  const children: Child[] = [];
  try {
    const echo = await start('bench/echo-server.js');
    children.push(echo);
    const reference = await start(
      'bin/im-conformance.js',
      'serve',
      '--port',
      '0',
      '--data',
      data,
      '--max-inbox',
      '10000000',
    );
    children.push(reference);
    await introduce(
      reference.url,
      Array.from({ length: CLIENTS }, (_, index) => recipientOf(index)),
    );
    const rounds: { echoes: number; accepted: number }[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const echoes = await throughput(echo.url, `echo-${round}`);
      rounds.push({ echoes, accepted: await throughput(reference.url, `durable-${round}`) });
    }
    const acceptedPerSecond = median(rounds.map(({ accepted }) => accepted));
    const perSecond = acceptedPerSecond / 2;
    const { p50Ms, p99Ms } = await latency(reference.url, perSecond);
    return {
      ratio: median(rounds.map(({ echoes, accepted }) => accepted / echoes)),
      acceptedPerSecond,
      echoesPerSecond: median(rounds.map(({ echoes }) => echoes)),
      latency: { perSecond, p50Ms, p99Ms },
    };
  } finally {
    for (const child of children) await child.end();
    rmSync(data, { recursive: true, force: true });
  }
};
