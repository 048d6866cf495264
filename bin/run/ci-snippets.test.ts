import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { packageRoot } from '../../src/package-root.js';
import { PROGRAM } from './testing/run-kit.js';

const BOUND_MS = 90_000;
const SERVER = join(packageRoot, 'examples', 'minimal-server-js', 'server.js');

/** A piece of the page, and the words of its first line. */
interface Snippet {
  title: string;
  language: string;
  text: string;
}

const page = readFileSync(join(packageRoot, 'docs', 'ci.md'), 'utf8');
const snippets: Snippet[] = [...page.matchAll(/```(yaml|groovy|sh)\n([\s\S]*?)```/g)].map(
  ([, language = '', text = '']) => ({ title: text.split('\n')[0] ?? '', language, text }),
);

type Env = Record<string, string>;

/** One command line, as a runner gives it to a shell, and the variables that it sets. */
interface Command {
  line: string;
  env: Env;
}

interface Job {
  script?: string[];
  parallel?: number;
  steps?: unknown[];
}

const stepLines = (steps: readonly unknown[]): string[] =>
  steps.flatMap((step) => {
    const { run } = (typeof step === 'object' && step !== null ? step : {}) as { run?: string };
    return run === undefined ? [] : [run];
  });

/** A job that runs in parallel has its number in its environment, from 1. */
const jobCommands = ({ script = [], parallel = 1, steps = [] }: Job): Command[] =>
  Array.from({ length: parallel }, (_, index) => ({
    CI_NODE_INDEX: `${index + 1}`,
    CI_NODE_TOTAL: `${parallel}`,
  })).flatMap((env) => [...script, ...stepLines(steps)].map((line) => ({ line, env })));

const isJob = (value: unknown): value is Job =>
  typeof value === 'object' && value !== null && ('script' in value || 'steps' in value);

const commandsOf = ({ language, text }: Snippet): Command[] => {
  if (language === 'groovy') return [...text.matchAll(/\bsh '([^']*)'/g)].map(([, line = '']) => ({ line, env: {} }));
  if (language === 'sh')
    return text
      .trimEnd()
      .split('\n')
      .map((line) => ({ line, env: {} }));
  const file = parse(text) as unknown;
  if (Array.isArray(file)) return stepLines(file).map((line) => ({ line, env: {} }));
  const { jobs, ...others } = file as { jobs?: Record<string, unknown> };
  return Object.values(jobs ?? others)
    .filter(isJob)
    .flatMap(jobCommands);
};

const filled = ({ line, env }: Command): string =>
  line.replace(/\$(\w+)/g, (whole, name: string) => env[name] ?? whole);

/** `npm ci` has nothing to do here, and `npx` finds the kit as it was built. */
const binaries = {
  npm: '#!/bin/sh\nexit 0\n',
  npx: `#!/bin/sh\n[ "$1" = im-conformance ] && shift && exec "${process.execPath}" "${PROGRAM}" "$@"\nexit 99\n`,
};

/** The files that CI systems are told of must be those that the kit wrote. */
const namedArtifacts = (text: string): string[] =>
  [...text.matchAll(/(?:junit|codequality|sarif_file): ([\w.-]+)|(?:junit|archiveArtifacts) '([^']+)'/g)].flatMap(
    ([, one, other]) => one ?? other ?? [],
  );

t.test('every CI system of the page has a file, and all run the kit alike', async (t) => {
  for (const name of ['.github/workflows', '.gitlab-ci.yml', 'Jenkinsfile', '.circleci/config.yml'])
    t.ok(
      snippets.some(({ title }) => title.includes(name)),
      name,
    );
  for (const snippet of snippets) {
    const own = commandsOf(snippet).filter(({ line }) => line.includes('npx im-conformance --'));
    for (const { line } of own) t.match(line, '--exec "node server.js --port {port}"', 'the same command everywhere');
  }
});

t.test('what the page tells a CI system to run does run, and writes what it is told of', async (t) => {
  const played = snippets.filter((snippet) => commandsOf(snippet).length > 0);
  t.ok(played.length >= 7, `${played.length} pieces with commands`);
  for (const snippet of played) {
    const { title, text } = snippet;
    const folder = t.testdir({
      bin: binaries,
      'server.js': `import(${JSON.stringify(SERVER)});\n`,
      // A few scenarios are enough to see that it works.
      'im-conformance.config.json': JSON.stringify({
        class: ['core'],
        only: ['server/core/plain-exchange', 'server/core/ack-hundred-times'],
      }),
    });
    for (const name of Object.keys(binaries)) chmodSync(join(folder, 'bin', name), 0o755);
    for (const command of commandsOf(snippet)) {
      const env = { ...process.env, ...command.env, PATH: `${join(folder, 'bin')}:${process.env.PATH}` };
      const words = ['-e', '-c', command.line];
      const { status, stdout, stderr } = spawnSync('sh', words, {
        cwd: folder,
        env,
        encoding: 'utf8',
        timeout: BOUND_MS,
      });
      t.equal(status, 0, `${title}: ${command.line}: ${stdout.slice(-500)}${stderr.slice(-500)}`);
      const files = [...filled(command).matchAll(/--report [\w-]+=(\S+)/g)].map(([, file = '']) => file);
      for (const file of files) t.ok(statSync(join(folder, file)).size > 1, `${title}: ${file}`);
    }
    for (const file of namedArtifacts(text)) t.ok(existsSync(join(folder, file)), `${title}: ${file} is there`);
  }
});
