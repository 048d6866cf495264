import { writeFileSync } from 'node:fs';
import { architectureFile, renewedArchitecture } from './events-block.js';
import { fieldFile, renewedField } from './field/files.js';
import { figuresFile, renewedFigures } from './figures.js';
import { pictureFile, renewedPicture } from './picture.js';
import { renewedVerbs, verbsFile } from './verb-table.js';

/** Compares what is generated in the texts with the data that it comes from, and exits 1 on a difference. With --write it renews it. */
const texts = [
  { file: fieldFile, ...renewedField() },
  { file: figuresFile, ...renewedFigures() },
  { file: verbsFile, ...renewedVerbs() },
  { file: architectureFile, ...renewedArchitecture() },
  { file: pictureFile, ...renewedPicture() },
];
for (const { file, before, after } of texts) {
  if (process.argv.includes('--write')) {
    writeFileSync(file, after);
  } else if (after !== before) {
    console.error(`What is generated in ${file} is stale. Run \`node dist/scripts/generated-blocks.js --write\`.`);
    process.exitCode = 1;
  }
}
