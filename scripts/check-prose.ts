import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../src/package-root.js';
import { PROSE_WIDTH, wrapMarkdown, wrapYaml } from './prose.js';

/** Compares every Markdown and YAML file with itself after its long sentences were broken; `--write` breaks them. */
const write = process.argv.includes('--write');
const listed = execFileSync('git', ['ls-files', '*.md', '*.yaml'], { cwd: packageRoot, encoding: 'utf8' });
const long = listed.split('\n').filter((name) => {
  if (name === '') return false;
  const path = join(packageRoot, name);
  const text = readFileSync(path, 'utf8');
  const wrapped = name.endsWith('.md') ? wrapMarkdown(text) : wrapYaml(text);
  if (wrapped !== text && write) writeFileSync(path, wrapped);
  return wrapped !== text;
});
if (long.length > 0 && !write) {
  for (const name of long) console.error(`${name}: prose of more than ${PROSE_WIDTH} characters in a line`);
  console.error('Run `npm run format` and commit the result.');
  process.exitCode = 1;
}
