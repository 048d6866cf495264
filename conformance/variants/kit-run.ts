import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Report, Role, SubjectClass } from '../../schemas/index.js';
import { KitError } from '../../src/errors.js';
import { packageRoot } from '../../src/package-root.js';
import { builtFile, certificateFile } from '../mutants/runs.js';
import { CLUSTER_NODES, ENGINES } from '../patching/cluster-command.js';
import { serverFile } from '../patching/server-file.js';
import { clientCommand, quote } from './client-command.js';
import { startByUrl } from './start-by-url.js';
import { roleOf, type Variant } from './variant.js';

/** What a run asks of the kit. */
export interface Selection {
  role: Role;
  classes: readonly SubjectClass[];
  /** Globs over scenario ids; empty: all of the classes. */
  only: readonly string[];
  /** Into so many parts the scenarios are divided, of which a run plays one; 1: a run plays all of them. */
  shards: number;
}

export interface KitRun extends Selection {
  variant: Variant;
  /** Counted from 1. Which part of the scenarios is played follows from it: runs in a row play all parts. */
  run: number;
  seed: string;
  /** Folder for the histories of this run. */
  historyDir?: string;
}

export interface KitOutcome {
  report: Report;
  /** What a person would have read. */
  pretty: string;
  wallMs: number;
}

/** Far longer than the slowest run on a loaded machine: a kit that is not done by then hangs. */
const RUN_BOUND_MS = 1_200_000;
/** Faults of nodes are played one after another, and each waits until it is over. */
const CLUSTER_BOUND_MS = 5_400_000;
const JWT_SECRET = 'correct-servers-are-no-secret';

/** The classes of a selection that the variant claims. */
export const claimedOf = <C extends SubjectClass>({ lacks = [] }: Variant, classes: readonly C[]): C[] =>
  classes.filter((name) => !lacks.includes(name));

const NETWORK_OPTIONS = {
  delayMs: '--delay',
  jitterMs: '--jitter',
  bytesPerSecond: '--bytes-per-second',
  stallMs: '--stall',
  stallEveryMs: '--stall-every',
} as const satisfies Record<keyof NonNullable<Variant['network']>, string>;

/** The network takes the port, and starts the server behind itself. */
const throughNetwork = (network: NonNullable<Variant['network']>, command: string): string => {
  const node = quote(process.execPath);
  const habits = Object.entries(network).map(([name, value]) => `${NETWORK_OPTIONS[name as 'delayMs']} ${value}`);
  const program = quote(builtFile('conformance/variants/network/slow-network.js'));
  return `exec ${node} ${program} --port {port} ${habits.join(' ')} -- ${command.replace(/^exec /, '').replace('{port}', 'BEHIND')}`;
};

const behindProxy = (proxy: string, command: string): string => {
  const node = quote(process.execPath);
  const program = quote(builtFile('conformance/variants/network/behind-proxy.js'));
  const files = `--cert ${quote(certificateFile('cert.pem'))} --key ${quote(certificateFile('key.pem'))}`;
  return `exec ${node} ${program} --proxy ${proxy} --port {port} ${files} -- ${command.replace(/^exec /, '').replace('{port}', 'BEHIND')}`;
};

const commandOf = (variant: Variant, file: string, claimed: readonly SubjectClass[]): string => {
  const command = serverCommandOf(variant, file, claimed);
  if (variant.proxy !== undefined) return behindProxy(variant.proxy, command);
  return variant.network === undefined ? command : throughNetwork(variant.network, command);
};

/** `exec`: the server takes the place of the shell, so that a restart costs one process and not two. */
const serverCommandOf = (
  { program, options = '', cluster }: Variant,
  file: string,
  claimed: readonly SubjectClass[],
): string => {
  const node = `exec ${quote(process.execPath)}`;
  if (program !== undefined) return `${node} ${quote(join(packageRoot, program))} ${options}`.trimEnd();
  // Every server has core, whichever classes are looked at.
  // A node of a cluster claims `replicated` by itself.
  const own = claimed.filter((name) => name !== 'replicated');
  const words = [`--class ${[...new Set(['core', ...own])].join(',')}`, options];
  if (claimed.includes('secured')) words.push(`--jwt-secret ${JWT_SECRET}`);
  if (claimed.includes('encrypted')) {
    words.push(`--tls-cert ${quote(certificateFile('cert.pem'))} --tls-key ${quote(certificateFile('key.pem'))}`);
  }
  const place = cluster === undefined ? '--data {data}' : ENGINES[cluster].options;
  return `${node} ${quote(file)} --port {port} ${place} ${words.join(' ')}`;
};

const speaksTls = ({ proxy }: Variant, claimed: readonly SubjectClass[]): boolean =>
  proxy !== undefined || claimed.includes('encrypted');

/** How the kit comes to the server: by its command, or by the port on which it runs already. */
const wayTo = (tls: boolean, command: string, port: number | undefined): string[] => {
  const scheme = tls ? 'wss' : 'ws';
  if (port !== undefined) return [`${scheme}://127.0.0.1:${port}/`, '--allow-unproven'];
  return [...(scheme === 'wss' ? ['wss://127.0.0.1:{port}/'] : []), '--exec', command];
};

const clusterArguments = (cluster: NonNullable<Variant['cluster']>): string[] => [
  '--nodes',
  String(CLUSTER_NODES),
  ...Object.entries(ENGINES[cluster].services).flatMap(([name, command]) => ['--service', `${name}=${command}`]),
];

/** What says which server is tested. */
const serverArguments = ({ variant, classes }: KitRun, command: string, port: number | undefined): string[] => {
  const claimed = claimedOf(variant, classes);
  return [
    ...wayTo(speaksTls(variant, claimed), command, port),
    ...(variant.cluster === undefined ? [] : clusterArguments(variant.cluster)),
    ...(speaksTls(variant, claimed) ? ['--ca', certificateFile('cert.pem')] : []),
    ...(claimed.includes('secured') ? ['--jwt-secret', JWT_SECRET] : []),
    '--class',
    claimed.join(','),
  ];
};

/** A client is tested in the roles and classes that its hello claims: the kit asks for no others. */
const clientArguments = (command: string): string[] => ['client', '--exec', command];

const shardArguments = ({ run, shards }: KitRun): string[] =>
  shards === 1 ? [] : ['--shard', `${((run - 1) % shards) + 1}/${shards}`];

const argumentsOf = (run: KitRun, command: string, folder: string, port: number | undefined): string[] => {
  const { variant, role, only, seed, historyDir } = run;
  return [
    ...(role === 'client' ? clientArguments(command) : serverArguments(run, command, port)),
    ...(variant.kitOptions ?? []),
    ...only.flatMap((glob) => ['--only', glob]),
    ...shardArguments(run),
    '--seed',
    seed,
    ...(historyDir === undefined ? [] : ['--history', historyDir]),
    '--report',
    `json=${join(folder, 'report.json')}`,
    '--report',
    `pretty=${join(folder, 'report.txt')}`,
  ];
};

/** Runs the kit in a process of its own, as a user does, until its end or its bound. Resolves with what it said on stderr. */
const runProcess = (words: readonly string[], boundMs: number, signal: AbortSignal): Promise<string> =>
  new Promise((resolve, reject) => {
    const kit = spawn(process.execPath, [builtFile('bin/im-conformance.js'), ...words], {
      cwd: tmpdir(),
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, NO_COLOR: '1' },
    });
    let told = '';
    kit.stderr.setEncoding('utf8').on('data', (text: string) => {
      told = (told + text).slice(-4_000);
    });
    // The kit ends its servers on SIGTERM; whoever hangs then is ended the hard way.
    const end = () => {
      kit.kill('SIGTERM');
      setTimeout(() => kit.kill('SIGKILL'), 10_000).unref();
    };
    const bound = setTimeout(end, boundMs);
    signal.addEventListener('abort', end, { once: true });
    kit.on('error', reject);
    kit.on('close', () => {
      clearTimeout(bound);
      signal.removeEventListener('abort', end);
      resolve(told);
    });
  });

const serverCommand = ({ variant, classes }: KitRun): { command: string; remove: () => void } => {
  const { file, remove } = serverFile(`variant "${variant.id}"`, variant.patch ?? []);
  return { command: commandOf(variant, file, claimedOf(variant, classes)), remove };
};

/**
 * Tests a variant once, with the options that a user gets who gives none. Throws a KitError when the kit or the variant
 * did not start, or the run did not come to its end.
 */
export const runKit = async (run: KitRun, signal: AbortSignal): Promise<KitOutcome> => {
  const { id, byUrl, cluster } = run.variant;
  const { command, remove } = roleOf(run.variant) === 'client' ? clientCommand(run.variant) : serverCommand(run);
  const folder = mkdtempSync(join(tmpdir(), 'im-conformance-false-alarms-'));
  const running = byUrl ? await startByUrl(command, folder) : undefined;
  try {
    const from = performance.now();
    const boundMs = cluster ? CLUSTER_BOUND_MS : RUN_BOUND_MS;
    const told = await runProcess(argumentsOf(run, command, folder, running?.port), boundMs, signal);
    const wallMs = Math.round(performance.now() - from);
    const reportFile = join(folder, 'report.json');
    // A kit that was ended while it wrote leaves half a report.
    const report =
      signal.aborted || !existsSync(reportFile) ? undefined : (JSON.parse(readFileSync(reportFile, 'utf8')) as Report);
    if (!report?.complete || report.summary.passed === 0) {
      const why = told.trim() || (report?.problems ?? []).join('\n');
      throw new KitError('kit', `variant "${id}" could not be tested: ${why}`, 'Build, and look at its patch.');
    }
    return { report, pretty: readFileSync(join(folder, 'report.txt'), 'utf8'), wallMs };
  } finally {
    running?.end();
    rmSync(folder, { recursive: true, force: true });
    remove();
  }
};
