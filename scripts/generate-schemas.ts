import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../src/package-root.js';
import { PACKET_VALIDATORS_FILE, packetValidatorsSource } from './packet-validators.js';
import { schemaFiles, staleFiles } from './schema-files.js';

/** Writes schemas/*.schema.json and the validators of the packets from their TypeBox sources. With --check it only compares, and exits 1 on a difference. */
const folder = join(packageRoot, 'schemas');
const files = schemaFiles();
const validators = packetValidatorsSource();
const validatorsPath = join(packageRoot, PACKET_VALIDATORS_FILE);

if (process.argv.includes('--check')) {
  const present = readdirSync(folder).filter((name) => name.endsWith('.schema.json'));
  const textOf = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8') : undefined);
  const problems = staleFiles(files, present, (name) => textOf(join(folder, name)));
  if (textOf(validatorsPath) !== validators) problems.push(`${PACKET_VALIDATORS_FILE} is missing or stale`);
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) {
    console.error('Run `npm run generate` and commit the result.');
    process.exitCode = 1;
  }
} else {
  for (const [name, text] of files) writeFileSync(join(folder, name), text);
  writeFileSync(validatorsPath, validators);
}
