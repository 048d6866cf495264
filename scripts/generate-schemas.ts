import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../src/package-root.js';
import { schemaFiles, staleFiles } from './schema-files.js';

/** Writes schemas/*.schema.json from their TypeBox sources. With --check it only compares, and exits 1 on a difference. */
const folder = join(packageRoot, 'schemas');
const files = schemaFiles();

if (process.argv.includes('--check')) {
  const present = readdirSync(folder).filter((name) => name.endsWith('.schema.json'));
  const read = (name: string) => {
    const path = join(folder, name);
    return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
  };
  const problems = staleFiles(files, present, read);
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) {
    console.error('Run `npm run generate` and commit the result.');
    process.exitCode = 1;
  }
} else {
  for (const [name, text] of files) writeFileSync(join(folder, name), text);
}
