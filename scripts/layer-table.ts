import { LAYERS, type Layer } from './layers.js';

const named = (paths: readonly string[]): string => paths.map((path) => `\`${path}\``).join(', ');

/** Everybody may import what stands in `src/` itself, and Node: said once, below the table. */
const row = ({ path, holds, may, packages }: Layer): string => {
  const ours = may.filter((other) => other !== 'src/*');
  const others = packages.filter((name) => !name.startsWith('node:'));
  return `| \`${path}\` | ${holds} | ${named(ours) || '–'} | ${named(others) || '–'} |`;
};

/** The layers as a table in Markdown. */
export const layerTable = (layers: readonly Layer[] = LAYERS): string[] => [
  '| folder | what lives there | may import | packages |',
  '|---|---|---|---|',
  ...layers.map(row),
];
