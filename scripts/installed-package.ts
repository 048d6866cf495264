import { execFile } from 'node:child_process';
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { packageRoot } from '../src/package-root.js';

const call = promisify(execFile);

/** Long enough for a slow registry, short enough for CI. */
const NPM_BOUND_MS = 180_000;

/** The package as a stranger has it: packed, then installed into an empty folder. */
export interface InstalledPackage {
  /** The empty folder that it was installed into. */
  folder: string;
  tarball: string;
  /** Paths inside the tarball. */
  files: string[];
  /** Bytes on disk of everything that was installed, as the file system counts them. */
  bytesOnDisk: number;
  /** Number of installed packages, this one included. */
  packages: number;
  remove(): void;
}

/** What the file system needs for a folder: blocks, not lengths. */
const diskBytes = (path: string): number => {
  const stat = lstatSync(path);
  const inside = stat.isDirectory() ? readdirSync(path).map((name) => diskBytes(join(path, name))) : [];
  return inside.reduce((sum, bytes) => sum + bytes, stat.blocks * 512);
};

const countPackages = (folder: string): number => {
  const lock = JSON.parse(readFileSync(join(folder, 'node_modules', '.package-lock.json'), 'utf8')) as {
    packages: Record<string, unknown>;
  };
  return Object.keys(lock.packages).length;
};

/**
 * Packs the project as it is built in `dist` and installs the tarball into an empty temporary folder. The caller calls
 * `remove`. No script of the project runs: `prepare` would build `dist` anew below the feet of whoever runs from it.
 */
export const installPackage = async (): Promise<InstalledPackage> => {
  const folder = mkdtempSync(join(tmpdir(), 'im-conformance-package-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
    const packed = await call('npm', pack, { cwd: packageRoot, timeout: NPM_BOUND_MS, maxBuffer: 16_777_216 });
    const [entry] = JSON.parse(packed.stdout) as { filename: string; files: { path: string }[] }[];
    if (entry === undefined) throw new Error('npm pack made no tarball');
    writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
    const tarball = join(folder, entry.filename);
    const install = ['install', '--no-audit', '--no-fund', '--prefer-offline', tarball];
    await call('npm', install, { cwd: folder, timeout: NPM_BOUND_MS, maxBuffer: 16_777_216 });
    return {
      folder,
      tarball,
      files: entry.files.map(({ path }) => path),
      bytesOnDisk: diskBytes(join(folder, 'node_modules')),
      packages: countPackages(folder),
      remove,
    };
  } catch (error) {
    remove();
    throw error;
  }
};
