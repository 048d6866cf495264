import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Role } from '../../schemas/index.js';
import { KitError } from '../../src/errors.js';
import type { RunOptions } from '../../src/harness/index.js';
import { packageRoot } from '../../src/package-root.js';
import { CLUSTER_NODES, ENGINES } from '../patching/cluster-command.js';
import type { Mutant } from './mutant.js';
import { roleOf } from './mutant-file.js';

/** The subject without a fault must not fail because the machine is busy. */
const CONTROL_PATIENCE_MS = 1_500;
/** Scenarios at the same time. A mutant is met by few of them, and other mutants are tested meanwhile. */
const CONCURRENCY = 16;
/** Each scenario for a client starts a process of its own. */
const BOTS = 4;

/** A compiled file of this project, whether this code runs compiled or from source. */
export const builtFile = (path: string): string => {
  const here = fileURLToPath(new URL(`../../${path}`, import.meta.url));
  const built = join(packageRoot, 'dist', path);
  const found = [here, built].find((candidate) => existsSync(candidate));
  if (found !== undefined) return found;
  throw new KitError('usage', `there is no ${built}`, 'Build first: npm run build');
};

/** A certificate for 127.0.0.1 that nobody else trusts: its key is public. */
export const certificateFile = (name: string): string =>
  join(packageRoot, 'conformance', 'mutants', 'certificate', name);

/** What a server is started with. Mutants that share it share one run of the subject without a fault. */
type Surroundings = Pick<Mutant, 'options' | 'tls' | 'needs'>;

/** The command that starts a server as a subject: one file, see `serverFile`. */
const commandOf = (file: string, { options = '', tls, needs, role }: Surroundings & { role: Role }): string => {
  const files = tls ? ` --tls-cert "${certificateFile('cert.pem')}" --tls-key "${certificateFile('key.pem')}"` : '';
  // `exec`: the server takes the place of the shell, so that a restart costs one process and not two. What a test runner
  // loads into its children would change what signals do to them, and make each start slow.
  const start = `unset NODE_OPTIONS; exec "${process.execPath}" "${file}"`;
  if (role === 'client') return `${start} --short`;
  if (needs === 'etcd') return `${start} --port {port} ${ENGINES.etcd.options} ${options}`.trimEnd();
  return `${start} --port {port} --data {data}${files} ${options}`.trimEnd();
};

/** What the kit must know of a server to get in. */
const wayIn = ({ options = '', tls }: Surroundings): Pick<RunOptions, 'jwtSecret' | 'url' | 'ca'> => {
  const jwtSecret = /--jwt-secret (\S+)/.exec(options)?.[1];
  return {
    ...(jwtSecret === undefined ? {} : { jwtSecret }),
    ...(tls ? { url: 'wss://127.0.0.1:{port}/', ca: readFileSync(certificateFile('cert.pem'), 'utf8') } : {}),
  };
};

const runOf = (
  mutant: Mutant,
  run: Pick<RunOptions, 'role' | 'exec' | 'only' | 'seed' | 'instances' | 'patienceMs'>,
) => ({
  ...run,
  ...wayIn(mutant),
  ...(mutant.needs === 'etcd' ? { nodes: CLUSTER_NODES, services: ENGINES.etcd.services } : {}),
  ...(mutant.classes ? { classes: mutant.classes } : {}),
  skip: [],
  headers: {},
  allowUnproven: true,
  concurrency: roleOf(mutant) === 'client' ? BOTS : CONCURRENCY,
  replayArguments: [],
});

/** A run of the kit that tests one mutant, which is in `file`, with the scenarios that must catch it, and with nothing else. */
export const mutantRun = (mutant: Mutant, file: string, patienceMs: number, run = 1): RunOptions =>
  runOf(mutant, {
    role: roleOf(mutant),
    exec: commandOf(file, { ...mutant, role: roleOf(mutant) }),
    only: [mutant.caughtBy],
    seed: `mutant ${mutant.id}${run === 1 ? '' : ` ${run}`}`,
    instances: 1,
    patienceMs: Math.max(patienceMs, mutant.patienceMs ?? 0),
  });

/**
 * The same scenarios for the server as it is, which is in `file`, a run for each surroundings that some mutant has: a scenario that fails
 * without the fault proves nothing about it.
 */
export const controlRuns = (
  mutants: readonly Mutant[],
  file: string,
  instances: number,
  /** The bot of the client without a fault, where some mutant is a client. */
  bot = '',
): RunOptions[] => {
  const groups = new Map<string, [Mutant, ...Mutant[]]>();
  for (const mutant of mutants) {
    const key = JSON.stringify([roleOf(mutant), mutant.options, mutant.tls, mutant.classes, mutant.needs === 'etcd']);
    groups.set(key, [mutant, ...(groups.get(key) ?? [])]);
  }
  return [...groups.values()].map((group) =>
    runOf(group[0], {
      role: roleOf(group[0]),
      exec: commandOf(roleOf(group[0]) === 'client' ? bot : file, { ...group[0], role: roleOf(group[0]) }),
      only: [...new Set(group.map((mutant) => mutant.caughtBy))],
      seed: 'control',
      instances: group[0].needs === 'etcd' ? 1 : instances,
      patienceMs: CONTROL_PATIENCE_MS,
    }),
  );
};
