import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/package-root.js';
import { withBlocks } from '../blocks.js';
import { fieldLines } from './page.js';
import type { RedCell, Row } from './results.js';
import { SETUPS } from './setups.js';

const docsFolder: string = join(packageRoot, 'docs');
export const fieldFile: string = join(docsFolder, 'field-results.md');
const dataFile: string = join(docsFolder, 'field-results.json');

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

/** A longer history is no help to a reader, and no burden that a package should carry. */
const MAX_HISTORY_BYTES = 128 * 1024;

/**
 * Keeps the shortest history for each requirement that a row breaks, and nothing of its former runs. `fileOf` gives the
 * history of a scenario. A control has none: what it shows is known.
 */
export const keepHistories = (row: Row, fileOf: (scenario: string) => string | undefined, docs = docsFolder): void => {
  const folder = `field-histories/${row.id}`;
  rmSync(join(docs, folder), { recursive: true, force: true });
  if (row.control) return;
  const shortest = new Map<string, { cell: RedCell; file: string; bytes: number }>();
  for (const cell of row.classes.flatMap(({ red }) => red)) {
    const file = fileOf(cell.scenario);
    if (file === undefined || !existsSync(file)) continue;
    const bytes = statSync(file).size;
    const known = shortest.get(cell.requirement);
    if (bytes <= MAX_HISTORY_BYTES && bytes < (known?.bytes ?? Number.POSITIVE_INFINITY)) {
      shortest.set(cell.requirement, { cell, file, bytes });
    }
  }
  for (const { cell, file } of shortest.values()) {
    mkdirSync(join(docs, folder), { recursive: true });
    cell.history = `${folder}/${cell.scenario.replace(/[^a-z0-9.-]+/g, '-')}.ndjson`;
    cpSync(file, join(docs, cell.history));
  }
};

/** The field page as it is, and as it has to be. */
export const renewedField = (): { before: string; after: string } => {
  const before = readFileSync(fieldFile, 'utf8');
  return { before, after: withBlocks(before, { field: fieldLines(readRows()) }) };
};
