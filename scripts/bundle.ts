import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
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
  { in: 'src/reference/client/node.js', out: 'src/client' },
  { in: 'bin/run/live-worker.js', out: 'bin/live-worker' },
];

/** Modules of CommonJS ask for those of Node by `require`, which a module of ECMAScript has not got. */
const REQUIRE = `import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);`;

/**
 * A compiled module of ECMAScript gets what it loads late by a `require` that it makes itself, which esbuild does not
 * see. Without this the reader of YAML would be looked for where a stranger has installed the kit alone.
 */
const JOIN_YAML: Plugin = {
  name: 'join yaml',
  setup: ({ onLoad }) => {
    onLoad({ filter: /[\\/]dist[\\/]src[\\/]script[\\/]source\.js$/ }, ({ path }) => {
      const made = "createRequire(import.meta.url)('yaml')";
      const text = readFileSync(path, 'utf8');
      if (!text.includes(made)) throw new Error(`${path} does not load yaml as scripts/bundle.ts expects`);
      return { contents: text.replace(made, "require('yaml')") };
    });
  },
};

/** `ws` as one file for servers and clients that are patched: most of the time of their start went into its many. */
const joinWs = (outdir: string): Promise<unknown> =>
  build({
    absWorkingDir: packageRoot,
    entryPoints: ['node_modules/ws/index.js'],
    outfile: join(outdir, 'ws.cjs'),
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20.12',
    minify: true,
    logLevel: 'warning',
  });

/** The licences of what was joined: whoever passes their code on passes these on, too. */
const licencesOf = (inputs: readonly string[]): string => {
  const folders = new Set(inputs.flatMap((path) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []));
  const texts = [...folders].sort().map((folder) => {
    const name = readdirSync(join(packageRoot, folder)).find((file) => /^licen[cs]e/i.test(file));
    if (name === undefined) throw new Error(`${folder} has no licence to pass on`);
    return `${folder.replace(/^.*node_modules\//, '')}\n\n${readFileSync(join(packageRoot, folder, name), 'utf8').trim()}\n`;
  });
  return texts.join(`\n${'-'.repeat(80)}\n\n`);
};

/**
 * Joins the compiled command line, the library and their packages into a few files, one for what is loaded together:
 * Node then reads twenty files and not four hundred, which was most of what a short command cost. The compiled modules
 * of the reference server stay beside it in the package, because mutants are patches of them.
 */
export const bundle = async (outdir = bundleFolder): Promise<void> => {
  rmSync(outdir, { recursive: true, force: true });
  const { metafile } = await build({
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
    plugins: [JOIN_YAML],
    banner: { js: REQUIRE },
    minify: true,
    metafile: true,
    logLevel: 'warning',
  });
  await joinWs(outdir);
  writeFileSync(join(outdir, 'licences.txt'), licencesOf(Object.keys(metafile.inputs)));
};

if (process.argv[1]?.endsWith('bundle.js')) await bundle();
