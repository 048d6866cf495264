import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { guardFolder, releaseFolder } from '../../src/harness/process/guard.js';
import { packageRoot } from '../../src/package-root.js';
import { joinedWs } from './join-modules.js';
import type { Patch } from './patch.js';
import { joinedLibrary, patchedTexts } from './server-file.js';

const BOT = 'examples/client-bot-js';
const BOT_FILES = ['bot.js', 'talk.js', 'words.js'] as const;
/** A client that uses no library. */
const BARE = 'examples/bare-client-js/client.js';

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

const writePackage = (folder: string, name: string, exports: string, text: string): void => {
  const place = join(folder, 'node_modules', name);
  write(join(place, 'package.json'), JSON.stringify({ name, type: 'module', exports: { [exports]: './index.js' } }));
  write(join(place, 'index.js'), text);
};

/** The client on bare `ws` is one file. */
const bareFile = (text: string): BotFile => {
  const { folder, remove } = makeBotFolder();
  const file = join(folder, 'client.js');
  write(file, text);
  const ws = existsSync(joinedWs) ? joinedWs : join(packageRoot, 'node_modules', 'ws', 'index.js');
  writePackage(folder, 'ws', '.', `import WebSocket from '${ws}';\nexport { WebSocket, WebSocket as default };\n`);
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
  const { text, exports } = joinedLibrary(name, patched);
  const { folder, remove } = makeBotFolder();
  const library = join(folder, 'library.cjs');
  write(library, text);
  const passedOn = `import library from '${library}';\nexport const { ${exports.join(', ')} } = library;\n`;
  writePackage(folder, 'im-conformance', './client', passedOn);
  for (const file of BOT_FILES) {
    const path = `${BOT}/${file}`;
    write(join(folder, file), patched.get(path) ?? readFileSync(join(packageRoot, path), 'utf8'));
  }
  return { file: join(folder, 'bot.js'), remove };
};
