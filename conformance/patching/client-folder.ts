import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, normalize } from 'node:path';
import { guardFolder, releaseFolder } from '../../src/harness/process/guard.js';
import { packageRoot } from '../../src/package-root.js';
import type { Patch } from './patch.js';
import { patchedTexts } from './server-file.js';

/** What the library begins with in Node, below dist/. */
const ENTRY = 'src/reference/client/node.js';
const BOT = 'examples/client-bot-js';
const BOT_FILES = ['bot.js', 'talk.js', 'words.js'] as const;
/** A client that uses no library. */
const BARE = 'examples/bare-client-js/client.js';
const IMPORTS = /(?:from|import)\s*\(?\s*'([^']+)'/g;

/** The compiled files of the library, and the packages that they need. */
const partsOf = (read: (path: string) => string): { files: Map<string, string>; packages: Set<string> } => {
  const files = new Map<string, string>();
  const packages = new Set<string>();
  const visit = (path: string): void => {
    if (files.has(path)) return;
    const text = read(path);
    files.set(path, text);
    for (const [, name = ''] of text.matchAll(IMPORTS)) {
      if (name.startsWith('.')) visit(normalize(join(dirname(path), name)));
      else if (!name.startsWith('node:')) packages.add(name);
    }
  };
  visit(ENTRY);
  return { files, packages };
};

/** A bot to start with `node FILE`. */
export interface BotFile {
  file: string;
  remove(): void;
}

const write = (path: string, text: string): void => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
};

const makeBotFolder = (): { folder: string; remove: () => void } => {
  const folder = mkdtempSync(join(tmpdir(), 'im-conformance-client-'));
  guardFolder(folder);
  write(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
  const remove = (): void => {
    rmSync(folder, { recursive: true, force: true });
    releaseFolder(folder);
  };
  return { folder, remove };
};

/** `ws` as one file, which is read in a third of the time; scripts/bundle.ts makes it. */
const WS = join(packageRoot, 'dist', 'bundle', 'ws.js');

const linkPackages = (folder: string, packages: Iterable<string>): void => {
  const modules = join(folder, 'node_modules');
  mkdirSync(modules, { recursive: true });
  for (const needed of packages) {
    if (needed === 'ws' && existsSync(WS)) {
      write(join(modules, 'ws', 'package.json'), JSON.stringify({ type: 'module', exports: './ws.js' }));
      write(join(modules, 'ws', 'ws.js'), `export * from '${WS}';\nexport { default } from '${WS}';\n`);
      continue;
    }
    const installed = join(packageRoot, 'node_modules', needed);
    if (existsSync(installed)) symlinkSync(installed, join(modules, needed));
  }
};

/** The client on bare `ws` is one file. */
const bareFile = (text: string): BotFile => {
  const { folder, remove } = makeBotFolder();
  const file = join(folder, 'client.js');
  write(file, text);
  linkPackages(folder, ['ws']);
  return { file, remove };
};

/**
 * Writes the bot of the client library into a folder of its own, with the library as an installed package that these
 * changes were made to; `name` is whose they are. The folder goes when the caller removes it, and at the latest with
 * the process. Changes of the client on bare `ws` make that one the subject.
 */
export const botFile = (name: string, patch: readonly Patch[]): BotFile => {
  const patched = patchedTexts(name, patch);
  const bare = patched.get(BARE);
  if (bare !== undefined) return bareFile(bare);
  const built = join(packageRoot, 'dist');
  const { files, packages } = partsOf((path) => patched.get(path) ?? readFileSync(join(built, path), 'utf8'));
  const { folder, remove } = makeBotFolder();
  linkPackages(folder, packages);
  const library = join(folder, 'node_modules', 'im-conformance');
  for (const [path, text] of files) write(join(library, path), text);
  const exports = { './client': `./${ENTRY}` };
  write(join(library, 'package.json'), JSON.stringify({ name: 'im-conformance', type: 'module', exports }));
  for (const file of BOT_FILES) {
    const path = `${BOT}/${file}`;
    write(join(folder, file), patched.get(path) ?? readFileSync(join(packageRoot, path), 'utf8'));
  }
  return { file: join(folder, 'bot.js'), remove };
};
