import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { packageRoot } from '../src/package-root.js';
import { withBlocks } from './blocks.js';
import { checkFunctionStyle } from './function-style.js';
import { type Import, importsOf } from './imports.js';
import { checkCircles, checkLayers, checkUnused } from './layer-checks.js';
import { layerTable } from './layer-table.js';

/**
 * Checks what the linter cannot: the layers, circular imports, the style of functions. Part of `npm run check`.
 * With --write it renews the table of layers in CONTRIBUTING.md first.
 */
const SOURCE = /\.[mc]?[jt]s$/;
const SKIPPED = new Set(['node_modules', 'dist', 'bench/results']);

const sourceFiles = (folder = ''): string[] =>
  readdirSync(join(packageRoot, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.name.startsWith('.') || SKIPPED.has(entry.name) || SKIPPED.has(path)) return [];
    if (entry.isDirectory()) return sourceFiles(path);
    return SOURCE.test(entry.name) ? [path] : [];
  });

const contributing = join(packageRoot, 'CONTRIBUTING.md');
const before = readFileSync(contributing, 'utf8');
const after = withBlocks(before, { layers: layerTable() });
if (process.argv.includes('--write')) writeFileSync(contributing, after);

const imports = new Map<string, readonly Import[]>();
const faults: string[] = [];
for (const file of sourceFiles()) {
  const text = readFileSync(join(packageRoot, file), 'utf8');
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest);
  imports.set(file, importsOf(source));
  if (!file.includes('.generated.')) faults.push(...checkFunctionStyle(file, source));
}
if (after !== before && !process.argv.includes('--write')) {
  faults.push('CONTRIBUTING.md: the table of layers is stale. Run `node dist/scripts/check-source.js --write`.');
}
faults.unshift(...checkLayers(imports), ...checkUnused(imports), ...checkCircles(imports));
for (const fault of faults) console.error(fault);
if (faults.length > 0) process.exitCode = 1;
else console.log(`${imports.size} source files: layers, imports and functions are in order`);
