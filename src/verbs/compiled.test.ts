import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { compileScenarios } from '../../scripts/compile-scenarios.js';
import { compiledScenarios, readCompiled, scenarioRoot } from '../script/index.js';
import { loadScenarios, VOCABULARIES } from './index.js';

t.test('compiled scenarios are those of the files', async (t) => {
  const compiled = JSON.parse(JSON.stringify(compileScenarios()));
  const plain = (scenarios: readonly object[]) => JSON.parse(JSON.stringify(scenarios));
  t.same(plain(compiledScenarios(compiled, scenarioRoot, VOCABULARIES)), plain(loadScenarios()));
});

t.test('what was compiled from other files is not used', async (t) => {
  const root = t.testdir();
  for (const name of ['server', 'fault-matrix.yaml']) {
    cpSync(join(scenarioRoot, name), join(root, name), { recursive: true });
  }
  const keep = (name: string): string => {
    const path = join(root, name);
    writeFileSync(path, JSON.stringify(compileScenarios(root)));
    return path;
  };
  t.ok(readCompiled(root, keep('fresh.json')));
  t.equal(readCompiled(root, join(root, 'none.json')), undefined, 'it was never compiled');
  const changed = keep('changed.json');
  writeFileSync(join(root, 'server', 'core', 'ping.yaml'), 'scenario: another one\n');
  t.equal(readCompiled(root, changed), undefined, 'a file has changed');
  cpSync(join(scenarioRoot, 'server', 'core', 'ping.yaml'), join(root, 'server', 'core', 'ping.yaml'));
  const fewer = keep('fewer.json');
  rmSync(join(root, 'server', 'core', 'ping.yaml'));
  t.equal(readCompiled(root, fewer), undefined, 'a file is gone');
});
