import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ScenarioFile } from '../schemas/index.js';
import {
  type CompiledScenarios,
  compiledPath,
  digestOf,
  readExcuses,
  readScenarios,
  readSource,
  scenarioFiles,
  scenarioRoot,
} from '../src/script/index.js';
import { VOCABULARIES } from '../src/verbs/index.js';

/** Reads and checks every scenario, and writes what stands in them beside the compiled code. A fault ends the build. */
export const compileScenarios = (root = scenarioRoot): CompiledScenarios => {
  readScenarios(root, VOCABULARIES);
  const files = scenarioFiles(root).map((path) => ({
    path,
    file: readSource(join(root, path)).value as ScenarioFile,
  }));
  return { digest: digestOf(root), files, excused: readExcuses(root) };
};

if (process.argv[1]?.endsWith('compile-scenarios.js')) {
  mkdirSync(dirname(compiledPath), { recursive: true });
  writeFileSync(compiledPath, JSON.stringify(compileScenarios()));
}
