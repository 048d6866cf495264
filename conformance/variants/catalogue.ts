import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { packageRoot } from '../../src/package-root.js';
import type { Variant } from './variant.js';

/** Where the variants of this package are. */
export const catalogueFile: string = join(packageRoot, 'conformance', 'variants', 'catalogue.yaml');

/** One variant, without the schema: `loadVariants` has checked the catalogue by then. Undefined: there is none of that id. */
export const readVariant = (id: string): Variant | undefined =>
  (parse(readFileSync(catalogueFile, 'utf8')) as Variant[]).find((variant) => variant.id === id);
