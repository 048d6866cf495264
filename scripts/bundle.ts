import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { packageRoot } from '../src/package-root.js';

/** As deep below `dist/` as the compiled modules: what these find beside themselves is found from here, too. */
export const bundleFolder = join(packageRoot, 'dist', 'bundle', 'bin');

/** Modules of CommonJS ask for those of Node by `require`, which a module of ECMAScript has not got. */
const REQUIRE = `import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);`;

/**
 * Joins the compiled command line and its packages into a few files, one for what is loaded together: Node then reads
 * twenty files and not four hundred, which was most of what a short command cost. The compiled modules stay beside it:
 * the library is made of them, and mutants are patches of them.
 */
export const bundle = async (outdir = bundleFolder): Promise<void> => {
  rmSync(outdir, { recursive: true, force: true });
  await build({
    absWorkingDir: packageRoot,
    entryPoints: [join('dist', 'bin', 'im-conformance.js')],
    outdir,
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
