import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import picomatch from 'picomatch';
import type { Report } from '../schemas/index.js';
import { KitError } from '../src/errors.js';
import { packageRoot } from '../src/package-root.js';
import { fieldFile, keepHistories, keepRow, renewedField } from './field/files.js';
import { rowOf } from './field/results.js';
import { SETUPS, type Setup } from './field/setups.js';

const MAX_RUN_MS = 30 * 60_000;
/** So long a run that was interrupted has to end its servers and to write its report. */
const MAX_END_MS = 2 * 60_000;
const EXIT_USAGE = 2;
const KIT = join(packageRoot, 'dist', 'bundle', 'bin', 'im-conformance.js');
const DESCRIPTION = 'scripts/field/description.json';

const tell = (text: string): void => void process.stderr.write(`${text}\n`);

interface Options {
  only: string[];
  again: number;
  histories?: string;
}

const options = (): Options =>
  new Command('npm run field --')
    .description('Tests real servers as Debian ships them, and writes docs/field-results.md and .json.')
    .option('--only <globs>', 'only rows with these ids; the others stay as they are', (text) => text.split(','), [])
    .option('--again <n>', 'how often what failed is played again', (text) => Number.parseInt(text, 10), 4)
    .option('--histories <dir>', 'keep the histories, in a folder for each row')
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : EXIT_USAGE))
    .parse()
    .opts<Options>();

const versionOf = ({ version }: Setup): string => {
  const { stdout } = spawnSync('sh', ['-c', version], { cwd: packageRoot, encoding: 'utf8' });
  const found = stdout.match(/\d+(\.\d+)+/g)?.[0];
  if (found === undefined) throw new KitError('usage', `\`${version}\` prints no version`, 'Correct the row.');
  return found;
};

const temporaryFolder = (): string => mkdtempSync(join(tmpdir(), 'im-field-'));

/** One run of the kit as a user makes it. Its report, or a KitError where there is none. */
const run = async (setup: Setup, more: readonly string[], histories: string | undefined): Promise<Report> => {
  const folder = temporaryFolder();
  const file = join(folder, 'report.json');
  const described = setup.arguments.length > 0 ? ['--describe', DESCRIPTION] : [];
  const kept = histories === undefined ? [] : ['--history', join(histories, setup.id)];
  const report = ['--report', `json=${file}`, '--report', `pretty=${join(folder, 'pretty')}`, '--allow-unproven'];
  const classes = ['--class', setup.classes.join(',')];
  const words = [KIT, ...setup.arguments, ...described, ...classes, ...kept, ...report, ...more];
  try {
    const child = spawn(process.execPath, words, { cwd: packageRoot, stdio: ['ignore', 'ignore', 'inherit'] });
    const bounds = [
      setTimeout(() => child.kill('SIGINT'), MAX_RUN_MS),
      setTimeout(() => child.kill('SIGKILL'), MAX_RUN_MS + MAX_END_MS),
    ];
    await new Promise((resolve) => child.once('close', resolve));
    for (const bound of bounds) clearTimeout(bound);
    return JSON.parse(readFileSync(file, 'utf8')) as Report;
  } catch (cause) {
    throw new KitError('kit', `${setup.id} left no report`, 'Look at what the kit said above.', { cause });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const whyNot = ({ program, package: name }: Setup): string | undefined =>
  program === undefined || spawnSync('sh', ['-c', `command -v ${program}`]).status === 0
    ? undefined
    : `${program} is not there: apt-get install ${name}`;

const only = (ids: readonly string[]): string[] => ids.flatMap((id) => ['--only', id]);

const play = async (setup: Setup, { again, histories }: Options): Promise<void> => {
  const why = whyNot(setup);
  if (why !== undefined) {
    tell(`${setup.id} is not run, and stays as it is: ${why}`);
    return;
  }
  const temporary = histories === undefined ? temporaryFolder() : undefined;
  try {
    await playInto(setup, again, histories ?? (temporary as string));
  } finally {
    if (temporary !== undefined) rmSync(temporary, { recursive: true, force: true });
  }
};

const playInto = async (setup: Setup, again: number, histories: string): Promise<void> => {
  const from = performance.now();
  const report = await run(setup, only(setup.only ?? []), histories);
  const { passed: green, failed: broken } = report.summary;
  // A run that was cut short, or in which nothing came to a verdict, shows nothing.
  if (!report.complete || green + broken === 0)
    throw new KitError('kit', `the run of ${setup.id} shows nothing`, report.problems.join(' ') || 'Run it again.');
  const red = report.scenarios.filter(({ verdict }) => verdict === 'failed').map(({ id }) => id);
  // The mute control fails everywhere, each time.
  const repeats = red.length > 0 && again > 0 && !setup.control;
  const repeated = repeats ? await run(setup, [...only(red), '--repeat', String(again)], undefined) : undefined;
  const row = rowOf(setup, versionOf(setup), report, repeated);
  keepHistories(row, (scenario) => report.scenarios.find(({ id }) => id === scenario)?.history);
  keepRow(row);
  writeFileSync(fieldFile, renewedField().after);
  const { passed, failed, inconclusive, errors } = report.summary;
  const seconds = Math.round((performance.now() - from) / 1_000);
  tell(`${setup.id}: ${passed} passed, ${failed} failed, ${inconclusive} inconclusive, ${errors} errors; ${seconds} s`);
};

const main = async (): Promise<void> => {
  const given = options();
  const chosen = SETUPS.filter(({ id }) => given.only.length === 0 || picomatch.isMatch(id, given.only));
  if (chosen.length === 0) {
    const remedy = `The rows are ${SETUPS.map(({ id }) => id).join(', ')}.`;
    throw new KitError('usage', 'no row has such an id', remedy);
  }
  for (const setup of chosen) await play(setup, given);
};

await main().catch((error: unknown) => {
  if (!(error instanceof KitError)) throw error;
  tell(`${error.message}\n${error.remedy}`);
  process.exitCode = error.code === 'usage' ? EXIT_USAGE : 1;
});
