import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import t from 'tap';
import { packageRoot } from '../../package-root.js';

const MAX_GZIPPED_BYTES = 15_000;

t.test('the client of a browser is small and needs no package', async (t) => {
  const { outputFiles, metafile } = await build({
    entryPoints: [join(packageRoot, 'src', 'reference', 'client', 'browser.ts')],
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    logLevel: 'silent',
  });
  const bytes = gzipSync(outputFiles[0]?.contents as Uint8Array, { level: 9 }).length;
  t.comment(`${bytes} bytes gzipped`);
  t.ok(bytes <= MAX_GZIPPED_BYTES, `${bytes} of ${MAX_GZIPPED_BYTES} bytes`);
  const foreign = Object.keys(metafile.inputs).filter((file) => file.includes('node_modules'));
  t.same(foreign, [], 'no package');
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports);
  t.same(imports, [], 'nothing is left to import');
});
