import type { ScenarioFile } from '../../schemas/index.js';

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

const substituteText = (text: string, variables: Variables): unknown => {
  const whole = /^\{([A-Za-z][A-Za-z0-9]*)\}$/.exec(text);
  if (whole && Object.hasOwn(variables, whole[1] as string)) return variables[whole[1] as string];
  return text.replaceAll(/\{([A-Za-z][A-Za-z0-9]*)\}/g, (match, name: string) =>
    Object.hasOwn(variables, name) ? String(variables[name]) : match,
  );
};

/** Replaces `{name}` in every text below a value. A text that is nothing but `{name}` takes the value and its type. */
export const substitute = (value: unknown, variables: Variables): unknown => {
  if (typeof value === 'string') return substituteText(value, variables);
  if (Array.isArray(value)) return value.map((item) => substitute(item, variables));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, substitute(item, variables)]));
};
