import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HistoryEventSchema } from '../schemas/index.js';
import { packageRoot } from '../src/package-root.js';
import { withBlocks } from './blocks.js';

export const architectureFile: string = join(packageRoot, 'docs', 'architecture.md');

/** The page of the architecture as it is, and as it has to be. */
export const renewedArchitecture = (): { before: string; after: string } => {
  const before = readFileSync(architectureFile, 'utf8');
  const kinds = HistoryEventSchema.anyOf.map(({ properties }) => `\`${properties.kind.const}\``);
  return { before, after: withBlocks(before, { events: [`${kinds.join(', ')}.`] }) };
};
