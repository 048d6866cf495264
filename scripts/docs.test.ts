import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { loadMutants } from '../conformance/mutants/load-mutants.js';
import { chooseMutants } from '../conformance/mutants/self-test.js';
import { packageRoot } from '../src/package-root.js';
import { renewedArchitecture } from './events-block.js';
import { figuresFile } from './figures.js';
import { renewedPicture } from './picture.js';
import { paragraphsOf } from './prose.js';

/** Pages that lead through the code. What they name must be there, or they lead astray. */
const PAGES = ['docs/architecture.md', 'CONTRIBUTING.md'];

const FOLDERS = readdirSync(packageRoot).filter((name) => statSync(join(packageRoot, name)).isDirectory());
/** `src/play/stage.ts`, `conformance/server`; what stands in angle brackets is chosen by the reader. */
const PATH = new RegExp(`^(?:${FOLDERS.map((name) => name.replace('.', '\\.')).join('|')})(?:/[^\\s]*)?$`);
/** Of a name of our code: `Stage.record()`, `#onText()`, `FactListener`, `SERVER_CLASSES`. */
const NAME = /^(?:[A-Za-z]\w*\.)?#?([A-Za-z]\w*)(\(\))?$/;
const SCRIPT = /^npm run ([a-z-]+)/;

const quotedIn = (text: string): string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, quoted = '']) => quoted);

const isPath = (quoted: string): boolean => PATH.test(quoted) && (quoted.includes('/') || quoted.includes('.'));

/** Capitals within a word, or brackets: no word of plain English. */
const codeNameIn = (quoted: string): string | undefined => {
  const [, name, call] = NAME.exec(quoted) ?? [];
  return name !== undefined && (call !== undefined || /[a-z][A-Z]|^[A-Z][a-z]|^[A-Z]+_?[A-Z]+$/.test(name))
    ? name
    : undefined;
};

/** The part of a path before what the reader chooses. */
const fixedPart = (path: string): string => path.replace(/\/?[^/]*[<*{].*$/, '');

const sourcesIn = (path: string): string[] => {
  const whole = join(packageRoot, path);
  if (!existsSync(whole)) return [];
  if (statSync(whole).isFile()) return [readFileSync(whole, 'utf8')];
  const names = readdirSync(whole, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.endsWith('.ts')).map((name) => readFileSync(join(whole, name), 'utf8'));
};

const { scripts } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};

for (const page of PAGES) {
  t.test(`what ${page} names exists`, async (t) => {
    for (const { line, text } of paragraphsOf(readFileSync(join(packageRoot, page), 'utf8'))) {
      const quoted = quotedIn(text);
      for (const command of quoted) {
        const [, script] = SCRIPT.exec(command) ?? [];
        if (script !== undefined) t.ok(script in scripts, `${page}:${line}: npm run ${script}`);
        const [, compiled] = /^node dist\/(\S+)\.js/.exec(command) ?? [];
        if (compiled !== undefined)
          t.ok(existsSync(join(packageRoot, `${compiled}.ts`)), `${page}:${line}: ${compiled}`);
      }
      const paths = quoted.filter(isPath).map(fixedPart);
      for (const path of paths) {
        t.ok(path.startsWith('dist') || existsSync(join(packageRoot, path)), `${page}:${line}: ${path}`);
      }
    }
  });
}

t.test('a name stands in a file that its paragraph names', async (t) => {
  for (const { line, text } of paragraphsOf(readFileSync(join(packageRoot, 'docs/architecture.md'), 'utf8'))) {
    const quoted = quotedIn(text);
    const sources = quoted.filter(isPath).map(fixedPart).flatMap(sourcesIn);
    for (const name of quoted.flatMap((one) => codeNameIn(one) ?? [])) {
      const word = new RegExp(`(?<![\\w])${name}(?![\\w])`);
      t.ok(
        sources.some((source) => word.test(source)),
        `docs/architecture.md:${line}: ${name}`,
      );
    }
  }
});

t.test('the page of the architecture is short, and lists the events that there are', async (t) => {
  const { before, after } = renewedArchitecture();
  t.equal(after, before, 'node dist/scripts/generated-blocks.js --write renews it');
  t.ok(before.split('\n').length <= 121);
});

t.test('the picture of a failure is drawn as a report draws it', async (t) => {
  const { before, after } = renewedPicture();
  t.equal(after, before, 'node dist/scripts/generated-blocks.js --write renews it');
});

t.test('the commands that test an example name files that a clone has once it is built', async (t) => {
  const page = readFileSync(join(packageRoot, 'docs/test-a-client.md'), 'utf8');
  const commands = [...page.matchAll(/^```sh\n([\s\S]*?)^```/gm)]
    .flatMap(([, block = '']) => block.split('\n'))
    .filter((line) => line.includes('examples/'));
  t.ok(commands.length > 1);
  t.ok(page.indexOf('npm ci') < page.indexOf(commands[0] as string), 'the kit is built before its first command');
  for (const command of commands) {
    for (const [path] of command.matchAll(/\b(?:dist|examples)\/[\w./-]+/g)) {
      t.ok(existsSync(join(packageRoot, path)), path);
    }
  }
});

t.test('the table that the page of the self-test shows is what its command prints now', async (t) => {
  const page = readFileSync(figuresFile, 'utf8');
  const [, command = '', table = ''] = /^\$ npx im-conformance self-test (.*)\n([\s\S]*?)^```/m.exec(page) ?? [];
  const chosen = chooseMutants(
    loadMutants(),
    [...command.matchAll(/'([^']+)'/g)].map(([, glob = '']) => glob),
    false,
  );
  const [, ...rows] = table.split('\n\n')[0]?.split('\n') ?? [];
  t.strictSame(
    rows.map((row) => row.split(/ {2,}/).slice(0, 3)),
    chosen.map(({ id, fault, requirement }) => [id, fault, requirement]),
  );
  t.match(table, `${rows.length} of ${rows.length} mutants caught (100 %)`);
});
