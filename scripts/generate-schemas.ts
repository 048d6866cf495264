import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../src/package-root.js';
import { validatorFiles } from './compiled-validators.js';
import { ledgerFiles } from './ledger-files.js';
import { readLedger } from './parse-ledger.js';
import { schemaFiles, staleFiles } from './schema-files.js';

/**
 * Writes what is compiled from its source and checked in: schemas/*.schema.json, the validators, the ledger.
 * With --check it only compares, and exits 1 on a difference.
 */
const files = new Map([
  ...[...schemaFiles()].map(([name, text]) => [`schemas/${name}`, text] as const),
  ...validatorFiles(),
  ...ledgerFiles(readLedger()),
]);

if (process.argv.includes('--check')) {
  const present = readdirSync(join(packageRoot, 'schemas'))
    .filter((name) => name.endsWith('.schema.json'))
    .map((name) => `schemas/${name}`);
  const textOf = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8') : undefined);
  const problems = staleFiles(files, present, (name) => textOf(join(packageRoot, name)));
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) {
    console.error('Run `npm run generate` and commit the result.');
    process.exitCode = 1;
  }
} else {
  for (const [name, text] of files) writeFileSync(join(packageRoot, name), text);
}
