import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const findRoot = (from: string): string => {
  if (existsSync(join(from, 'package.json'))) return from;
  const parent = dirname(from);
  if (parent === from) throw new Error('package.json of im-conformance not found above its own code');
  return findRoot(parent);
};

/** Folder of the installed package: `spec/`, `schemas/` and `conformance/` are below it, from source and from `dist/` alike. */
export const packageRoot: string = findRoot(dirname(fileURLToPath(import.meta.url)));
