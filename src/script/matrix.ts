import type { ScenarioFile } from '../../schemas/index.js';
import { fillTree } from '../template.js';

export type Variables = Readonly<Record<string, unknown>>;

export interface Cell {
  /** `#drop`, `#drop.away`, or empty without a matrix. */
  suffix: string;
  /** The name of the chosen value on each axis. */
  names: Record<string, string>;
  variables: Variables;
}

/** Every combination of the axes but those that `except` rules out, in the order of the file. */
export const expandCells = (file: Pick<ScenarioFile, 'matrix' | 'except'>): Cell[] => {
  if (!file.matrix) return [{ suffix: '', names: {}, variables: {} }];
  let cells: { names: Record<string, string>; variables: Record<string, unknown> }[] = [{ names: {}, variables: {} }];
  for (const [axis, values] of Object.entries(file.matrix)) {
    cells = cells.flatMap((cell) =>
      Object.entries(values).map(([name, value]) => ({
        names: { ...cell.names, [axis]: name },
        variables: { ...cell.variables, [axis]: value },
      })),
    );
  }
  const excluded = new Set(file.except?.map((entry) => entry.cell));
  return cells
    .map((cell) => ({ ...cell, suffix: `#${Object.values(cell.names).join('.')}` }))
    .filter((cell) => !excluded.has(cell.suffix.slice(1)));
};

/** Replaces `{axis}`, `{round}` and `{value}` in every text below a value. What is no variable stays for the verb. */
export const fillVariables = (value: unknown, variables: Variables): unknown =>
  fillTree(value, ({ name, argument }) =>
    argument === undefined && Object.hasOwn(variables, name) ? variables[name] : undefined,
  );
