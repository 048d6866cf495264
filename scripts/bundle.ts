import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { packageRoot } from '../src/package-root.js';

/** Where the joined files go. What is above them, such as package.json, is found from there as from the compiled ones. */
export const bundleFolder = join(packageRoot, 'dist', 'bundle');

/**
 * What a user starts, what a program imports, and what runs in a thread of its own: it is looked for beside the code that
 * starts it. They share most of their code.
 */
const ENTRIES = [
  { in: 'bin/im-conformance.js', out: 'bin/im-conformance' },
  { in: 'src/index.js', out: 'src/index' },
  { in: 'bin/run/live-worker.js', out: 'bin/live-worker' },
];

/** Modules of CommonJS ask for those of Node by `require`, which a module of ECMAScript has not got. */
const REQUIRE = `import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);`;

/**
 * Joins the compiled command line, the library and their packages into a few files, one for what is loaded together:
 * Node then reads twenty files and not four hundred, which was most of what a short command cost. The compiled modules
 * of the reference server stay beside it in the package, because mutants are patches of them.
 */
export const bundle = async (outdir = bundleFolder): Promise<void> => {
  rmSync(outdir, { recursive: true, force: true });
  await build({
    absWorkingDir: packageRoot,
    entryPoints: ENTRIES.map((entry) => ({ in: join('dist', entry.in), out: entry.out })),
    outdir,
    chunkNames: 'bin/[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.12',
    // It holds compiled code of its own, which lies beside it.
    external: ['classic-level'],
    banner: { js: REQUIRE },
    minify: true,
    logLevel: 'warning',
  });
};

if (process.argv[1]?.endsWith('bundle.js')) await bundle();
