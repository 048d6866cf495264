/**
 * Who may import whom. What is not listed is forbidden, and so is a file that belongs to no layer: a new folder needs a line here.
 *
 * `path` is a folder and all below it, or `src/*` for the files that stand in `src/` itself; the longest that fits counts, so a
 * folder may have a stricter rule than the one around it. `may` names layers by their paths; a layer always may import itself.
 */
export interface Layer {
  readonly path: string;
  /** What lives there, in a few words. */
  readonly holds: string;
  readonly may: readonly string[];
  /** External packages; `node:*` is all that Node brings along. */
  readonly packages: readonly string[];
  /** Folders below it, of which none may import from another but from those named in `shared`. */
  readonly apart?: { readonly below: string; readonly shared: readonly string[] };
  /** It is no part of the package, and may use what tests use. */
  readonly usesTests?: true;
  /** What its tests, and the files in its folders `testing/`, may import beside that. */
  readonly tests?: { readonly may?: readonly string[]; readonly packages?: readonly string[] };
}

/** Errors, the root of the package and the like: for everybody, and importing nothing of the others. */
const COMMON = 'src/*';
const TERMS = 'src/history/terms';
const HISTORY_PARTS = [TERMS, 'src/history/record', 'src/history/facts', 'src/history/judges'];
/** The script language, its verbs, and who plays it. */
const SCRIPTS = ['src/script', 'src/verbs', 'src/play'];
/** What tests a subject of a role, and nothing of the others. */
const ROLES_OF_HARNESS = ['src/harness/server', 'src/harness/client'];
const MUTANTS = ['conformance/mutants', 'conformance/patching'];

/** For the tests of every layer. */
export const TEST_PACKAGES = ['tap', 'fast-check', 'node:*'];

export const LAYERS: readonly Layer[] = [
  {
    path: 'schemas',
    holds: 'TypeBox sources of everything that is written down; the generated JSON Schemas; `vectors/`',
    may: [],
    packages: ['@sinclair/typebox'],
  },
  {
    path: COMMON,
    holds: 'errors, the root of the package and the like: for everybody',
    may: [],
    packages: ['node:*'],
  },
  {
    path: 'src/index.ts',
    holds: 'the kit as a library',
    may: [COMMON, 'schemas', 'src/wire', 'src/ledger', 'src/harness/*', 'src/report', 'src/embed'],
    packages: [],
  },
  {
    path: 'src/wire',
    holds: 'text to packet and back, one clear error for each fault; the validators',
    may: [COMMON, 'schemas'],
    packages: ['@sinclair/typebox', 'ajv', 'node:module', 'node:util'],
  },
  {
    path: 'src/protocol',
    holds: 'sans-IO machines: events in, actions out; no socket, timer, clock, random',
    may: [COMMON, 'schemas'],
    packages: [],
  },
  {
    path: 'src/ledger',
    holds: 'the requirements, compiled from `spec/requirements.yaml`',
    may: [COMMON, 'schemas'],
    packages: [],
  },
  {
    path: 'src/history/terms',
    holds: 'what facts, judges and traces speak of: findings, and texts that name events',
    may: [COMMON, 'schemas'],
    packages: [],
  },
  {
    path: 'src/history/record',
    holds: 'reads and keeps a history',
    may: [COMMON, 'schemas', TERMS],
    packages: ['@sinclair/typebox', 'node:*'],
  },
  {
    path: 'src/history/facts',
    holds: 'what happened to each message, connection and device; knows no judge',
    may: [COMMON, 'schemas', TERMS, 'src/history/record'],
    packages: [],
  },
  {
    path: 'src/history/judges',
    holds: 'what must hold, a folder for each class',
    apart: { below: 'src/history/judges/server', shared: ['core'] },
    may: [COMMON, 'schemas', TERMS, 'src/history/record', 'src/history/facts'],
    packages: ['node:crypto'],
  },
  {
    path: 'src/history',
    holds: 'the record of a scenario, and the judges',
    may: [COMMON, 'schemas', ...HISTORY_PARTS],
    packages: ['node:*'],
  },
  {
    path: 'src/script',
    holds: 'the script language: loading, matrix, sweeps, what is checked; it knows no verb',
    may: [COMMON, 'schemas', 'src/wire'],
    packages: ['@sinclair/typebox', 'node:*', 'yaml'],
    tests: { may: ['src/verbs'] },
  },
  {
    path: 'src/play',
    holds: 'plays a script: stage, waits, settling; the clients that the kit plays',
    may: [COMMON, 'schemas', 'src/wire', 'src/script'],
    packages: ['node:*', 'uuid'],
  },
  {
    path: 'src/verbs',
    holds: 'what a script can do, a file for each verb; loads the scenarios',
    may: [COMMON, 'schemas', 'src/script', 'src/play'],
    packages: ['@sinclair/typebox', 'node:*', 'jose'],
    tests: { may: ['scripts'] },
  },
  {
    path: 'src/adapters',
    holds: 'foreign protocols: sans-IO, between their frames and packets',
    may: [COMMON, 'schemas', 'src/wire', 'src/script'],
    packages: ['node:*'],
    tests: { packages: ['mqtt-packet', 'ws'] },
  },
  {
    path: 'src/harness/*',
    holds: 'what the parts of the harness share: the options of a run, the ports between a run and a role',
    may: [
      COMMON,
      'schemas',
      'src/adapters',
      'src/script',
      ...ROLES_OF_HARNESS,
      'src/harness/run',
      'src/harness/process',
    ],
    packages: [],
  },
  {
    path: 'src/harness/process',
    holds: 'processes, groups, signals, ports, clocks',
    may: [COMMON, 'schemas', 'src/harness/*'],
    packages: ['node:*'],
  },
  {
    path: 'src/harness/run',
    holds: 'the run: schedule, repetitions, verdicts; it knows no role of a subject',
    may: [COMMON, 'schemas', 'src/script', 'src/verbs', 'src/play', 'src/history', 'src/ledger', 'src/harness/*'],
    packages: ['node:*', 'picomatch'],
    tests: { may: ['src/harness/server'] },
  },
  {
    path: 'src/harness/server',
    holds: 'a server as the subject: it is started, looked at first, described and dialled',
    may: [
      ...[COMMON, 'schemas', 'src/wire', 'src/adapters', 'src/ledger', ...SCRIPTS],
      ...['src/harness/*', 'src/harness/process'],
    ],
    packages: ['node:*', 'jose', 'ws', 'yaml'],
    tests: { may: ['src/harness/run', 'src/harness/testing'] },
  },
  {
    path: 'src/harness/client',
    holds: 'a client as the subject: its bot is started, heard and ended, and the kit listens for it',
    may: [COMMON, 'schemas', 'src/script', 'src/verbs', 'src/play', 'src/harness/*', 'src/harness/process'],
    packages: ['node:*', 'ws'],
  },
  {
    path: 'src/harness/testing',
    holds: 'bad subjects, certificates and a browser for tests',
    usesTests: true,
    may: [COMMON],
    packages: ['node:*', 'ws'],
  },
  {
    path: 'src/report',
    holds: 'from a result to text, or to a page',
    may: [COMMON, 'schemas', 'src/history', 'src/ledger'],
    packages: ['node:*', 'xmlbuilder', 'yaml'],
    tests: {
      may: ['src/harness/*', 'src/harness/testing', 'src/wire'],
      packages: ['@sinclair/typebox', 'playwright-core', 'tap-parser', 'ws'],
    },
  },
  {
    path: 'src/options',
    holds: 'the table of options, and the way from what a caller wrote, as flags, file or object, to a run',
    may: [COMMON, 'schemas', 'src/adapters', 'src/harness/*', 'src/harness/server', 'conformance/patching'],
    packages: ['node:*', 'lilconfig', 'yaml'],
  },
  {
    path: 'src/embed',
    holds: 'a run as the command line and other programs have it: its limits, its events, its report',
    may: [COMMON, 'schemas', 'src/options', 'src/harness/*', 'src/report', 'src/script'],
    packages: ['node:*'],
  },
  {
    path: 'src/reference',
    holds: 'the reference server and the reference client',
    may: [COMMON, 'schemas', 'src/wire', 'src/protocol'],
    packages: ['node:*', 'classic-level', 'jose', 'ws'],
    tests: { may: ['src/harness/testing'], packages: ['esbuild', 'fake-indexeddb', 'playwright-core'] },
  },
  {
    path: 'bin',
    holds: 'the command line: one file for each command, loaded when it is called',
    may: [
      ...[
        COMMON,
        'schemas',
        'src/wire',
        'src/adapters',
        'src/script',
        'src/verbs',
        'src/history',
        'src/harness/*',
        'src/harness/run',
        'src/ledger',
      ],
      ...['src/report', 'src/reference', 'src/options', 'src/embed', ...MUTANTS],
    ],
    packages: ['node:*', 'commander', 'yaml'],
    tests: { may: ['src/harness/testing', 'src/harness/process'], packages: ['tap-parser'] },
  },
  {
    path: 'conformance/patching',
    holds: 'the compiled reference server, changed or not, joined into one file that starts fast',
    may: [COMMON, 'src/harness/process'],
    packages: ['@sinclair/typebox', 'node:*'],
    tests: { may: ['conformance/mutants', 'conformance/variants'] },
  },
  {
    path: 'conformance/mutants',
    holds: 'broken servers and what must catch them; the code that starts and judges them',
    may: [
      COMMON,
      'schemas',
      'src/wire',
      'src/script',
      'src/verbs',
      'src/harness/*',
      'src/ledger',
      'conformance/patching',
    ],
    packages: ['@sinclair/typebox', 'node:*', 'picomatch'],
    tests: { may: ['bin', 'scripts', 'src/report'] },
  },
  {
    path: 'conformance/variants',
    holds:
      'correct servers that differ, on which the kit must be silent; the code that starts them and adds up what came of it',
    may: [COMMON, 'schemas', 'src/wire', 'src/script', 'src/ledger', 'src/report', ...MUTANTS],
    packages: ['@sinclair/typebox', 'node:*', 'picomatch'],
  },
  {
    path: 'bench',
    holds: 'measurements',
    usesTests: true,
    may: [COMMON, 'schemas', 'src/history', 'scripts', 'conformance/patching'],
    packages: ['node:*', 'commander', 'hdr-histogram-js', 'ws'],
  },
  {
    path: 'scripts',
    holds: 'what is generated and checked while the kit is built',
    may: [
      ...[COMMON, 'schemas', 'src/wire', 'src/script', 'src/verbs', 'src/history', 'src/ledger', 'src/report'],
      // The schema of the configuration file is made from the table of options.
      ...['conformance/variants', ...MUTANTS, 'src/options'],
    ],
    packages: [
      '@sinclair/typebox',
      'node:*',
      'ajv',
      'commander',
      'esbuild',
      'picomatch',
      'publint',
      'typescript',
      'yaml',
    ],
    tests: { may: ['src/embed'] },
  },
  {
    path: 'spec',
    holds: 'the text of the specification; `requirements.yaml`, the ledger',
    may: [],
    packages: [],
    tests: { may: [COMMON], packages: ['yaml'] },
  },
  {
    path: 'examples/client-bot-js',
    holds: 'the bot of our client library, which imports the library as a stranger does',
    may: [],
    packages: ['im-conformance'],
  },
  {
    path: 'examples/browser-chat',
    holds: 'a chat of two people on our client library, which its page imports as a stranger does',
    may: [],
    packages: ['node:*'],
    tests: { may: [COMMON, 'src/harness/testing'], packages: ['playwright-core'] },
  },
  {
    path: 'examples/client-bot-browser',
    holds: 'the bot of our client library in a browser',
    may: ['examples/browser-chat', 'examples/client-bot-js'],
    packages: ['node:*'],
    tests: { may: [COMMON, 'src/harness/*', 'src/harness/testing'] },
  },
  {
    path: 'examples/embed',
    holds: 'the kit inside of test runners, which import it as a stranger does',
    may: [],
    packages: ['node:*', 'im-conformance', 'mocha', 'tap', 'vitest'],
    tests: { may: [COMMON, 'src/embed'] },
  },
  // Servers and clients as a stranger would write them: nothing of ours.
  {
    path: 'examples',
    holds: 'servers and clients as a stranger would write them',
    may: [],
    packages: ['node:*', 'ws', 'socket.io'],
    tests: { may: [COMMON, 'src/harness/*', 'src/adapters'] },
  },
];
