import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadMutants } from '../conformance/mutants/load-mutants.js';
import { catalogueSentence, measuredTable, readMeasured } from '../conformance/mutants/measured.js';
import { falseAlarmTables, readPublished } from '../conformance/variants/publish.js';
import { packageRoot } from '../src/package-root.js';
import { withBlocks } from './blocks.js';

export const readmeFile: string = join(packageRoot, 'README.md');

/** The README as it is, and as it has to be: its figures are never written by hand. */
export const renewedReadme = (): { before: string; after: string } => {
  const before = readFileSync(readmeFile, 'utf8');
  const after = withBlocks(before, {
    mutants: [catalogueSentence(loadMutants())],
    'subtle mutants': measuredTable(readMeasured()),
    'false alarms': falseAlarmTables(readPublished()),
  });
  return { before, after };
};
