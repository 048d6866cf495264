import { writeFileSync } from 'node:fs';
import { architectureFile, renewedArchitecture } from './events-block.js';
import { readmeFile, renewedReadme } from './readme.js';
import { renewedVerbs, verbsFile } from './verb-table.js';

/** Compares what is generated in the texts with the data that it comes from, and exits 1 on a difference. With --write it renews it. */
const texts = [
  { file: readmeFile, ...renewedReadme() },
  { file: verbsFile, ...renewedVerbs() },
  { file: architectureFile, ...renewedArchitecture() },
];
for (const { file, before, after } of texts) {
  if (process.argv.includes('--write')) {
    writeFileSync(file, after);
  } else if (after !== before) {
    console.error(`What is generated in ${file} is stale. Run \`node dist/scripts/readme-blocks.js --write\`.`);
    process.exitCode = 1;
  }
}
