import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { packageRoot } from '../src/package-root.js';
import { bundleFolder } from './bundle.js';

/** What is loaded only when it is needed is loaded here, too: a package that is joined may look different then. */
const CONFIGS = { 'a.yaml': 'class: core\n', 'a.json': '{ "class": ["core"] }\n' };

const output = (program: string, words: readonly string[]): string => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...words], { encoding: 'utf8' });
  return status === 0 ? stdout : `ended with ${status}: ${stderr}`;
};

t.test('the bundle says what the compiled modules say; npm run compile makes both', async (t) => {
  const compiled = join(packageRoot, 'dist', 'bin', 'im-conformance.js');
  const bundled = join(bundleFolder, 'bin', 'im-conformance.js');
  const history = join(packageRoot, 'conformance', 'histories', 'good-a-device-that-stays-away.ndjson');
  const folder = t.testdir(CONFIGS);
  const configs = Object.keys(CONFIGS).map((name) => ['--list', '--config', join(folder, name)]);
  for (const words of [
    ['--help'],
    ['--version'],
    ['--list'],
    ...configs,
    ['explain', 'IM-2-2'],
    ['explain', 'IM-2-2', 'server/core/ping'],
    ['check', history],
  ]) {
    const said = output(compiled, words);
    t.notMatch(said, /^ended with/, words.join(' '));
    t.equal(output(bundled, words), said, words.join(' '));
  }
});

t.test('the licences of the joined packages go with them', (t) => {
  const licences = readFileSync(join(bundleFolder, 'licences.txt'), 'utf8');
  for (const name of ['commander', 'jose', 'uuid', 'ws', 'yaml'])
    t.match(licences, new RegExp(`^${name}\n\n.*\n`, 'm'));
  t.end();
});
