import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FaultMatrixFile, ScenarioFile } from '../../schemas/index.js';
import { baseOf, scenarioFiles } from './load.js';
import type { Scenario } from './model.js';
import { roleOf, scenariosOf } from './scenario.js';
import { readSource, type Source } from './source.js';
import type { VocabularyOf } from './vocabulary.js';

/**
 * Every scenario file as JSON, read and checked when the kit was built: a run then needs no reader of YAML and no
 * validator. Only what stands in the files is kept. What follows from it is worked out anew in each run, so a change
 * of the code can make nothing stale.
 */
export interface CompiledScenarios {
  /** Of the files that it was made from: when one of them has changed, the files are read again. */
  digest: string;
  files: { path: string; file: ScenarioFile }[];
  excused: FaultMatrixFile['excused'];
}

export const FAULT_MATRIX = 'fault-matrix.yaml';

/** It stands beside the compiled code, so there is none for code that runs from its source. */
export const compiledPath = fileURLToPath(new URL('../../conformance/scenarios.json', import.meta.url));

/** Changes with every byte and every name of the files. */
export const digestOf = (root: string): string => {
  const hash = createHash('sha256');
  const matrix = existsSync(join(root, FAULT_MATRIX)) ? [FAULT_MATRIX] : [];
  for (const path of [...scenarioFiles(root), ...matrix]) {
    hash
      .update(`${path}\n`)
      .update(readFileSync(join(root, path)))
      .update('\n');
  }
  return hash.digest('hex');
};

const read = new Map<string, CompiledScenarios | undefined>();

/** What was compiled from the files below a folder; nothing when it was not compiled, or when they have changed since. */
export const readCompiled = (root: string, path = compiledPath): CompiledScenarios | undefined => {
  const key = `${root}\n${path}`;
  if (read.has(key)) return read.get(key);
  const found = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as CompiledScenarios) : undefined;
  const fresh = found?.digest === digestOf(root) ? found : undefined;
  read.set(key, fresh);
  return fresh;
};

/** The file of a compiled script. Nothing is wrong with it any more; if it were, the file itself would tell the line. */
const sourceOf = (root: string, path: string, value: unknown): Source => {
  const shownAs = join('conformance', path);
  return {
    file: shownAs,
    value,
    lineOf: (at) => readSource(join(root, path), shownAs).lineOf(at),
    fault: (at, problem, remedy) => readSource(join(root, path), shownAs).fault(at, problem, remedy),
  };
};

export const compiledScenarios = ({ files }: CompiledScenarios, root: string, vocabularyOf: VocabularyOf): Scenario[] =>
  files.flatMap(({ path, file }) => {
    const written = { source: sourceOf(root, path, file), file, base: baseOf(path) };
    return scenariosOf(written, vocabularyOf[roleOf(written.base)], false);
  });
