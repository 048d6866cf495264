import { availableParallelism, cpus, loadavg } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import WebSocket, { WebSocketServer } from 'ws';
import { type Figure, median } from './figure.js';

const SAMPLE_MS = 1_000;
const ROUND_TRIPS = 2_000;

const busyAndAll = (): { busy: number; all: number } =>
  cpus().reduce(
    (sum, { times }) => {
      const all = times.user + times.nice + times.sys + times.idle + times.irq;
      return { busy: sum.busy + all - times.idle, all: sum.all + all };
    },
    { busy: 0, all: 0 },
  );

/** What others do on this machine while nothing is measured: 0 is an idle machine, 100 one with no core left. */
const busyPercent = async (): Promise<number> => {
  const before = busyAndAll();
  await setTimeout(SAMPLE_MS);
  const after = busyAndAll();
  return (100 * (after.busy - before.busy)) / Math.max(1, after.all - before.all);
};

/** One message to a bare server and back, in the middle: what no server and no kit can be faster than. */
const echoMs = async (): Promise<number> => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  server.on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  const times: number[] = [];
  for (let i = 0; i < ROUND_TRIPS; i += 1) {
    const from = performance.now();
    const answered = new Promise((resolve) => socket.once('message', resolve));
    socket.send('x'.repeat(100));
    await answered;
    times.push(performance.now() - from);
  }
  socket.terminate();
  server.close();
  return median(times);
};

/** How loaded the machine is, and how fast: every other figure is worth no more than these. */
export const benchMachine = async (): Promise<Figure[]> => {
  const [load = 0] = loadavg();
  const cores = availableParallelism();
  return [
    {
      name: 'machine: load average before',
      value: load,
      unit: 'ratio',
      detail: `${cores} cores; above 0.5 the figures in seconds say little`,
    },
    {
      name: 'machine: CPU share of other processes',
      value: await busyPercent(),
      unit: '%',
      detail: `over ${SAMPLE_MS} ms in which nothing was measured`,
    },
    {
      name: 'machine: bare ws echo, there and back',
      value: await echoMs(),
      unit: 'ms',
      detail: `median of ${ROUND_TRIPS}`,
    },
  ];
};
