import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { dirname, join } from 'node:path';
import { Command, Option } from 'commander';
import { installPackage } from '../scripts/installed-package.js';
import { packageRoot } from '../src/package-root.js';
import { benchCluster, benchClusterSuite } from './cluster.js';
import { type Figure, reached, table } from './figure.js';
import { benchFirstResult } from './first-result.js';
import { benchJudge } from './judge-history.js';
import { benchMachine } from './machine.js';
import { benchReferenceServer } from './reference-server.js';
import { benchShards } from './shards.js';
import { benchStartUp } from './start-up.js';
import { benchClientSuite, benchSuite } from './suite.js';
import { benchSelfTest, benchTests } from './whole.js';

const MEGABYTE = 1024 * 1024;
const DEFAULT_JSON = join(packageRoot, 'bench', 'results', 'latest.json');

const judge = async (): Promise<Figure[]> => {
  const { ratio, events, settledMessages, bytesPerSettledMessage, eventsPerSecond, parseMs, judgeMs } =
    await benchJudge();
  if (bytesPerSettledMessage === undefined) throw new Error('run it with node --expose-gc, as npm run bench does');
  return [
    {
      name: 'judging a history ÷ JSON.parse of its lines',
      value: ratio,
      unit: 'ratio',
      target: { atMost: 2.5 },
      detail: `${events.toLocaleString('en')} events; ${judgeMs.toFixed(0)} ms and ${parseMs.toFixed(0)} ms; ${Math.round(eventsPerSecond).toLocaleString('en')} events/s`,
    },
    {
      name: 'judging: kept for a settled message',
      value: bytesPerSettledMessage,
      unit: 'bytes',
      target: { atMost: 64 },
      detail: `${settledMessages.toLocaleString('en')} settled messages`,
    },
  ];
};

const server = async (): Promise<Figure[]> => {
  const { ratio, acceptedPerSecond, echoesPerSecond, latency } = await benchReferenceServer();
  const rate = (perSecond: number): string => Math.round(perSecond).toLocaleString('en');
  const atHalfLoad = `at ${rate(latency.perSecond)} messages/s, half of what it accepts`;
  return [
    {
      name: 'reference server: durable messages ÷ bare echoes',
      value: ratio,
      unit: 'ratio',
      target: { atLeast: 0.3 },
      detail: `${rate(acceptedPerSecond)}/s and ${rate(echoesPerSecond)}/s; 50 clients, 32 in flight, 100 bytes`,
    },
    { name: 'reference server: median latency', value: latency.p50Ms, unit: 'ms', detail: atHalfLoad },
    { name: 'reference server: 99 % latency', value: latency.p99Ms, unit: 'ms', detail: atHalfLoad },
  ];
};

const installed = async (): Promise<Figure[]> => {
  const { bytesOnDisk, packages, remove } = await installPackage();
  remove();
  const detail = 'the packed tarball, installed into an empty folder';
  return [
    {
      name: 'installed: on disk',
      value: bytesOnDisk / MEGABYTE,
      unit: 'MB',
      target: { atMost: 25 },
      detail,
    },
    { name: 'installed: packages', value: packages, unit: 'packages', target: { atMost: 40 }, detail },
  ];
};

/** Minutes each: only when they are asked for. */
const LONG_BENCHES: Readonly<Record<string, () => Promise<Figure[]>>> = {
  'cluster-suite': benchClusterSuite,
  'self-test': benchSelfTest,
  tests: benchTests,
};
const BENCHES: Readonly<Record<string, () => Promise<Figure[]>>> = {
  'start-up': benchStartUp,
  'first-result': benchFirstResult,
  suite: benchSuite,
  'client-suite': benchClientSuite,
  judge,
  server,
  cluster: benchCluster,
  shards: benchShards,
  package: installed,
  ...LONG_BENCHES,
};

const writeJson = (file: string, figures: readonly Figure[], load: readonly number[]): void => {
  mkdirSync(dirname(file), { recursive: true });
  const content = {
    at: new Date().toISOString(),
    machine: {
      node: process.version,
      platform: `${process.platform} ${process.arch}`,
      cores: availableParallelism(),
      loadAverageBefore: load[0],
    },
    figures: figures.map((figure) => ({ ...figure, reached: reached(figure) ?? null })),
  };
  writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`);
  process.stderr.write(`written: ${file}\n`);
};

const program = new Command('npm run bench --')
  .description('Measures the kit. Every figure is told with its target; no figure makes the command fail.')
  .addOption(new Option('--only <name>', 'measure only this').choices(Object.keys(BENCHES)))
  .option('--long', `also what takes minutes: ${Object.keys(LONG_BENCHES).join(', ')}`)
  .option('--json [file]', 'also write the figures as JSON (default: bench/results/latest.json)')
  .parse();
const { only, long, json } = program.opts<{ only?: string; long?: true; json?: string | true }>();

const load = loadavg();
const figures: Figure[] = await benchMachine();
for (const [name, bench] of Object.entries(BENCHES)) {
  if (only === undefined ? name in LONG_BENCHES && long === undefined : only !== name) continue;
  process.stderr.write(`measuring ${name} …\n`);
  try {
    figures.push(...(await bench()));
  } catch (error) {
    // The other figures are worth having all the same; that a measurement broke is told by the exit code.
    process.stderr.write(`${name} could not be measured: ${(error as Error).message}\n`);
    process.exitCode = 1;
  }
}
process.stdout.write(table(figures));
if (json !== undefined) writeJson(json === true ? DEFAULT_JSON : json, figures, load);
