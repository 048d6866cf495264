import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { packageRoot } from '../src/package-root.js';
import { apiPages } from './api-pages.js';

/**
 * Writes the pages of what the package exports from its docstrings. With --check it only compares. Exits 1 on a
 * difference, and for an export that has no docstring or names a type that nobody can import.
 */
const { pages, problems } = apiPages();
for (const [name, text] of pages) {
  const file = join(packageRoot, name);
  if (!process.argv.includes('--check')) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  } else if (!existsSync(file) || readFileSync(file, 'utf8') !== text) {
    problems.push(`${name} is stale. Run \`npm run generate\` and commit the result.`);
  }
}
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
