import { writeFileSync } from 'node:fs';
import { readmeFile, renewedReadme } from './readme.js';

/** Compares the figures in README.md with the data that they come from, and exits 1 on a difference. With --write it renews them. */
const { before, after } = renewedReadme();
if (process.argv.includes('--write')) {
  writeFileSync(readmeFile, after);
} else if (after !== before) {
  console.error(
    'The figures in README.md are not those of the data. Run `node dist/scripts/readme-blocks.js --write`.',
  );
  process.exitCode = 1;
}
