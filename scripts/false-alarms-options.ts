import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { ROLES, type Role, SERVER_CLASSES, type ServerClass } from '../schemas/index.js';
import { KitError } from '../src/errors.js';
import { packageRoot } from '../src/package-root.js';

/** What a caller asks of the command. */
export interface Options {
  runs: number;
  everyClass: number;
  clientRuns: number;
  clusterRuns: number;
  role?: Role;
  only: string[];
  classes?: ServerClass[];
  scenarios: string[];
  shards: number;
  burners: number;
  parallel: number;
  results: string;
  histories?: string;
  status: boolean;
  publish: boolean;
  anyBuild: boolean;
}

const wholeNumber =
  (name: string, most: number, least = 0) =>
  (text: string): number => {
    if (/^\d{1,6}$/.test(text) && Number(text) >= least && Number(text) <= most) return Number(text);
    throw new KitError('usage', `${name} is "${text}"`, `Give a whole number from ${least} to ${most}.`);
  };

/** The commas between words; those inside the braces of a glob are its own. */
const words = (text: string, before: string[] = []): string[] => {
  const found = [''];
  let depth = 0;
  for (const character of text) {
    if (character === '{') depth += 1;
    if (character === '}') depth -= 1;
    if (character === ',' && depth === 0) found.push('');
    else found.push(`${found.pop()}${character}`);
  }
  return [...before, ...found.map((one) => one.trim())];
};

const classList = (text: string): ServerClass[] => {
  const unknown = words(text).find((name) => !(SERVER_CLASSES as readonly string[]).includes(name));
  if (unknown === undefined) return words(text) as ServerClass[];
  throw new KitError('usage', `there is no class "${unknown}"`, `Use some of ${SERVER_CLASSES.join(', ')}.`);
};

const roleNamed = (text: string): Role => {
  const role = ROLES.find((name) => name === text);
  if (role !== undefined) return role;
  throw new KitError('usage', `there is no role "${text}"`, `Use one of ${ROLES.join(', ')}.`);
};

/** The options of the command; a usage error of theirs ends the process. */
export const readOptions = (): Options =>
  new Command('npm run false-alarms --')
    .description(
      'Tests correct servers and clients that differ, again and again. The kit must find nothing wrong with them.',
    )
    .option(
      '--runs <n>',
      'runs of each server with the classes core, timed-redelivery and durable',
      wholeNumber('--runs', 1_000),
      20,
    )
    .option('--every-class <n>', 'runs of each server with every class', wholeNumber('--every-class', 1_000), 1)
    .option(
      '--cluster-runs <n>',
      'runs of each cluster with class replicated and what it rests on',
      wholeNumber('--cluster-runs', 1_000),
      17,
    )
    .option('--client-runs <n>', 'runs of each client with all that it claims', wholeNumber('--client-runs', 1_000), 12)
    .option('--role <role>', 'only servers, or only clients: server, client', roleNamed)
    .option('--only <globs>', 'only variants with these ids', words, [])
    .option('--classes <list>', 'other classes for --runs, and no run of every class; only servers', classList)
    .option('--scenarios <globs>', 'only scenarios with these ids', words, [])
    .option(
      '--shards <n>',
      'divide the scenarios into n parts, of which each run plays another one',
      wholeNumber('--shards', 64, 1),
      1,
    )
    .option(
      '--burners <n>',
      'processes that keep a core busy each meanwhile (default: one for each core)',
      wholeNumber('--burners', 64),
      availableParallelism(),
    )
    .option('--parallel <n>', 'runs side by side', wholeNumber('--parallel', 64), 2)
    .option(
      '--results <file>',
      'where each run is noted, so that an interrupted command goes on',
      join(packageRoot, '.false-alarms', 'runs.ndjson'),
    )
    .option('--histories <dir>', 'keep the histories of all runs, in a folder for each')
    .option('--status', 'only print what there is, and what is missing', false)
    .option(
      '--publish',
      'only write what there is into conformance/variants/false-alarms.json and docs/how-the-kit-is-tested.md',
      false,
    )
    .option('--any-build', 'count runs of other builds of the kit, too', false)
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
    .parse()
    .opts<Options>();
