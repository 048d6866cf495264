import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { packageRoot } from '../src/package-root.js';

/** What the package exports with types; see `exports` in package.json. */
export const TYPED_ENTRIES = ['src/index.d.ts', 'src/reference/client/node.d.ts', 'src/reference/client/browser.d.ts'];

const IMPORT = /(?:from|import)\s*\(?['"](\.[^'"]+)\.js['"]/g;

/** The declarations that can be reached from the entries. `read` gives the text of a file below the folder. */
export const reachableTypes = (entries: readonly string[], read: (path: string) => string): Set<string> => {
  const reached = new Set<string>();
  const open = [...entries];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (reached.has(path)) continue;
    reached.add(path);
    for (const [, name = ''] of read(path).matchAll(IMPORT)) open.push(`${normalize(join(dirname(path), name))}.d.ts`);
  }
  return reached;
};

/** Deletes the declarations that nobody outside can name: they were a tenth of what an installed kit takes of the disk. */
const prune = (folder: string): void => {
  const reached = reachableTypes(TYPED_ENTRIES, (path) => readFileSync(join(folder, path), 'utf8'));
  for (const path of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (path.endsWith('.d.ts') && !reached.has(path)) rmSync(join(folder, path));
  }
};

if (process.argv[1]?.endsWith('prune-types.js')) prune(join(packageRoot, 'dist'));
