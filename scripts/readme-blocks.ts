import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadMutants } from '../conformance/mutants/load-mutants.js';
import { catalogueSentence, measuredTable, readMeasured } from '../conformance/mutants/measured.js';
import { packageRoot } from '../src/package-root.js';
import { withBlocks } from './blocks.js';

/** Compares the figures in README.md with the data that they come from, and exits 1 on a difference. With --write it renews them. */
const path = join(packageRoot, 'README.md');
const before = readFileSync(path, 'utf8');
const after = withBlocks(before, {
  mutants: [catalogueSentence(loadMutants())],
  'subtle mutants': measuredTable(readMeasured()),
});

if (process.argv.includes('--write')) {
  writeFileSync(path, after);
} else if (after !== before) {
  console.error(
    'The figures in README.md are not those of the data. Run `node dist/scripts/readme-blocks.js --write`.',
  );
  process.exitCode = 1;
}
