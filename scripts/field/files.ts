import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/package-root.js';
import { withBlocks } from '../blocks.js';
import { fieldLines } from './page.js';
import type { Row } from './results.js';
import { SETUPS } from './setups.js';

export const fieldFile: string = join(packageRoot, 'docs', 'field-results.md');
const dataFile: string = join(packageRoot, 'docs', 'field-results.json');

/** In the order of the setups. */
export const readRows = (): Row[] => {
  const rows = existsSync(dataFile) ? (JSON.parse(readFileSync(dataFile, 'utf8')) as Row[]) : [];
  return SETUPS.flatMap(({ id }) => rows.filter((row) => row.id === id));
};

/** Replaces the row of the same setup. */
export const keepRow = (row: Row): void => {
  const rows = [...readRows().filter(({ id }) => id !== row.id), row];
  const ordered = SETUPS.flatMap(({ id }) => rows.filter((one) => one.id === id));
  // A row a line: short, and a difference shows which row is new.
  writeFileSync(dataFile, `[\n${ordered.map((one) => JSON.stringify(one)).join(',\n')}\n]\n`);
};

/** The field page as it is, and as it has to be. */
export const renewedField = (): { before: string; after: string } => {
  const before = readFileSync(fieldFile, 'utf8');
  return { before, after: withBlocks(before, { field: fieldLines(readRows()) }) };
};
