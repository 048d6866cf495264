import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import type { Report } from '../schemas/index.js';
import { packageRoot } from '../src/package-root.js';
import { type InstalledPackage, installPackage } from './installed-package.js';
import { brokenLinks } from './links.js';

/**
 * Checks the package as a stranger gets it: packed, linted, installed into an empty folder, and run there. Prints one
 * line for each check and exits 1 when one fails.
 */
const MAX_BYTES = 25 * 1024 * 1024;
const MAX_PACKAGES = 40;
const RUN_BOUND_MS = 120_000;

const NEEDED = [
  'package.json',
  'README.md',
  'LICENSE',
  'CHANGELOG.md',
  'spec/requirements.yaml',
  'schemas/report.schema.json',
  'dist/bundle/bin/im-conformance.js',
  'dist/bundle/src/index.js',
  'dist/src/index.d.ts',
];
const UNWANTED = /\.test\.(?!yaml)|^(bench|scripts|src|bin)\/|^dist\/(bench|scripts|examples)\/|\.tap\/|fixtures/;

let failed = 0;
const check = (name: string, good: boolean, detail = ''): void => {
  if (!good) failed++;
  console.log(`${good ? 'ok' : 'not ok'} - ${name}${detail === '' ? '' : `: ${detail}`}`);
};

const checkFiles = ({ files }: InstalledPackage): void => {
  const missing = NEEDED.filter((name) => !files.includes(name));
  check('the tarball holds what a run needs', missing.length === 0, missing.join(', '));
  const scenarios = files.filter((name) => /^conformance\/server\/.*\.yaml$/.test(name)).length;
  check('the tarball holds the scenarios', scenarios > 0, `${scenarios} files`);
  const mutants = files.filter((name) => /^conformance\/mutants\/catalogue\/.*\.yaml$/.test(name)).length;
  check('the tarball holds the mutants', mutants > 0, `${mutants} files`);
  const unwanted = files.filter((name) => UNWANTED.test(name));
  check('the tarball holds no tests, sources or measurements', unwanted.length === 0, unwanted.slice(0, 5).join(', '));
  const pages = files.filter((name) => name.endsWith('.md'));
  const broken = brokenLinks(
    new Map(pages.map((page) => [page, readFileSync(join(packageRoot, page), 'utf8')])),
    files,
  );
  check('every link between its pages leads somewhere', broken.length === 0, broken.join(', '));
};

const checkLint = async ({ tarball }: InstalledPackage): Promise<void> => {
  const bytes = readFileSync(tarball);
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  const { messages, pkg } = await publint({ strict: true, pack: { tarball: buffer } });
  check('publint', messages.length === 0, messages.map((message) => formatMessage(message, pkg)).join('; '));
};

/** Whether TypeScript finds the types of every entry, as programs of ECMAScript and bundlers look for them. */
const checkTypes = ({ tarball }: InstalledPackage): void => {
  const words = ['--no-install', 'attw', tarball, '--profile', 'esm-only', '--no-definitely-typed', '--no-color'];
  const { status, stdout, stderr } = spawnSync('npx', words, {
    cwd: packageRoot,
    encoding: 'utf8',
    timeout: RUN_BOUND_MS,
  });
  check('attw', status === 0, status === 0 ? '' : `${stdout}${stderr}`);
};

const checkSize = ({ bytesOnDisk, packages }: InstalledPackage): void => {
  check('installed size', bytesOnDisk <= MAX_BYTES, `${(bytesOnDisk / 1024 / 1024).toFixed(2)} MB of 25`);
  check('installed packages', packages <= MAX_PACKAGES, `${packages} of ${MAX_PACKAGES}`);
};

const run = ({ folder }: InstalledPackage, words: readonly string[]) =>
  spawnSync('npx', ['--no-install', 'im-conformance', ...words], {
    cwd: folder,
    encoding: 'utf8',
    timeout: RUN_BOUND_MS,
    maxBuffer: 64 * 1024 * 1024,
  });

/** What a run said matters only when it went wrong. */
const checkRun = (name: string, good: boolean, { status, signal, stderr }: ReturnType<typeof run>): void =>
  check(name, good, good ? '' : `${status ?? signal} ${stderr.slice(-300)}`);

const checkRuns = (installed: InstalledPackage): void => {
  const help = run(installed, ['--help']);
  checkRun('npx im-conformance --help', help.status === 0 && help.stdout.startsWith('Usage:'), help);
  const explain = run(installed, ['explain', 'IM-2-2']);
  checkRun('npx im-conformance explain', explain.status === 0 && explain.stdout.includes('IM-2-2'), explain);
  const selfTest = run(installed, ['self-test', '--only', 'no-dedup']);
  const score = '1 of 1 mutant caught (100 %)';
  checkRun('npx im-conformance self-test', selfTest.status === 0 && selfTest.stdout.includes(score), selfTest);
  const real = run(installed, ['--only', 'server/core/plain*', '--report', 'json=report.json']);
  checkRun('npx im-conformance exits with 0', real.status === 0, real);
  const report = JSON.parse(readFileSync(join(installed.folder, 'report.json'), 'utf8')) as Report;
  check('a scenario passed on the embedded server', report.summary.passed >= 1, `${report.summary.passed} passed`);
};

/** A program of a stranger. */
const LIBRARY = `
import { runConformance, scenarios } from 'im-conformance';
const { exitCode, summary } = await runConformance({ only: 'server/core/plain-exchange' }).report;
process.exit(exitCode === 0 && summary.passed === 1 && scenarios().length > 500 ? 0 : 1);
`;

const checkLibrary = ({ folder }: InstalledPackage): void => {
  const { status, signal, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', LIBRARY], {
    cwd: folder,
    encoding: 'utf8',
    timeout: RUN_BOUND_MS,
  });
  check('a program runs the kit', status === 0, status === 0 ? '' : `${status ?? signal} ${stderr.slice(-300)}`);
};

const installed = await installPackage();
try {
  checkFiles(installed);
  await checkLint(installed);
  checkTypes(installed);
  checkSize(installed);
  checkLibrary(installed);
  checkRuns(installed);
} finally {
  installed.remove();
}
process.exitCode = failed > 0 ? 1 : 0;
