import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadMutants } from '../conformance/mutants/load-mutants.js';
import { catalogueSentence, measuredTable, readMeasured } from '../conformance/mutants/measured.js';
import { falseAlarmTables, readPublished } from '../conformance/variants/publish.js';
import { packageRoot } from '../src/package-root.js';
import { withBlocks } from './blocks.js';

export const figuresFile: string = join(packageRoot, 'docs', 'how-the-kit-is-tested.md');

/** The page of the figures as it is, and as it has to be: no figure is written by hand. */
export const renewedFigures = (): { before: string; after: string } => {
  const before = readFileSync(figuresFile, 'utf8');
  const after = withBlocks(before, {
    mutants: [catalogueSentence(loadMutants())],
    'subtle mutants': measuredTable(readMeasured()),
    'false alarms': falseAlarmTables(readPublished(), 'server'),
    'false alarms of clusters': falseAlarmTables(readPublished(), 'cluster'),
    'false alarms of clients': falseAlarmTables(readPublished(), 'client'),
  });
  return { before, after };
};
