import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { KitError } from '../../src/errors.js';
import { packageRoot } from '../../src/package-root.js';
import type { Patch } from '../mutants/mutant.js';
import { applyPatch } from '../mutants/patch.js';

/** What the reference server is made of. */
const PARTS = ['bin', 'schemas', 'src'] as const;

const built = join(packageRoot, 'dist');

/** Below the project, where the copies find the packages that they import. */
const parent = join(packageRoot, '.false-alarms');

const codeOf = (part: string): string[] =>
  readdirSync(join(built, part), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.js'))
    .map((name) => `${part}/${name}`);

/**
 * Writes the compiled reference server with these changes into a new folder, and tells which. A run starts its server
 * some seventy times, and a copy starts in half the time of a server that is patched while it is loaded. Whoever asked
 * for it removes it. Throws a KitError when a patch does not fit; `name` is whose patch it is.
 */
export const patchedCopy = (name: string, patch: readonly Patch[]): string => {
  const files = PARTS.flatMap(codeOf);
  const misplaced = patch.find(({ file }) => !files.includes(file));
  if (misplaced) throw new KitError('usage', `${name}: there is no ${misplaced.file}`, 'Correct "file", or build.');
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, 'server-'));
  for (const file of files) {
    const own = patch.filter((one) => one.file === file);
    const text = own.reduce((before, one) => applyPatch(name, one, before), readFileSync(join(built, file), 'utf8'));
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  }
  return folder;
};
