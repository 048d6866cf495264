import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KitError } from '../../src/errors.js';
import { guardFolder, releaseFolder } from '../../src/harness/process/guard.js';
import { packageRoot } from '../../src/package-root.js';
import { type Joined, joinModules } from './join-modules.js';
import { applyPatch, type Patch } from './patch.js';

/** What the reference server starts with, and with it all that it consists of. */
const ENTRY = 'bin/serve.js';

/** What the client library begins with in Node. */
const LIBRARY = 'src/reference/client/node.js';

const built = join(packageRoot, 'dist');

const texts = new Map<string, string>();

/** The text of a compiled file; `name` is who asks for it. Kept, because hundreds of mutants ask for the same files. */
const readCompiled = (name: string, path: string): string => {
  const known = texts.get(path);
  if (known !== undefined) return known;
  // The client on bare `ws` is no compiled file.
  const file = path.startsWith('examples/') ? join(packageRoot, path) : join(built, path);
  if (!existsSync(file)) throw new KitError('usage', `${name}: there is no ${path}`, 'Correct "file", or build.');
  const text = readFileSync(file, 'utf8');
  texts.set(path, text);
  return text;
};

/** The files that these patches change, as they are after them. Throws a KitError when one does not fit. */
export const patchedTexts = (name: string, patch: readonly Patch[]): Map<string, string> => {
  const patched = new Map<string, string>();
  for (const one of patch) {
    patched.set(one.file, applyPatch(name, one, patched.get(one.file) ?? readCompiled(name, one.file)));
  }
  return patched;
};

/** The reference server with these changes as the text of one file. Throws a KitError when a patch does not fit. */
export const serverText = (name: string, patch: readonly Patch[]): string => {
  const patched = patchedTexts(name, patch);
  return joinModules(ENTRY, join(built, ENTRY), (path) => patched.get(path) ?? readCompiled(name, path)).text;
};

/** The client library as one file; `patched` has the texts of those of its modules that are changed. */
export const joinedLibrary = (name: string, patched: ReadonlyMap<string, string>): Joined =>
  joinModules(LIBRARY, join(built, LIBRARY), (path) => patched.get(path) ?? readCompiled(name, path));

/** A server to start with `node FILE`, and the options of `im-conformance serve`. */
export interface ServerFile {
  file: string;
  remove(): void;
}

/**
 * Writes the reference server with these changes into a folder of its own; `name` is whose they are. The folder goes
 * when the caller removes it, and at the latest with the process, however that ends.
 */
export const serverFile = (name: string, patch: readonly Patch[]): ServerFile => {
  const text = serverText(name, patch);
  const folder = mkdtempSync(join(tmpdir(), 'im-conformance-server-'));
  guardFolder(folder);
  const file = join(folder, 'server.cjs');
  writeFileSync(file, text);
  const remove = (): void => {
    rmSync(folder, { recursive: true, force: true });
    releaseFolder(folder);
  };
  return { file, remove };
};
