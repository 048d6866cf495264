import type { Role, ScenarioFile } from '../../schemas/index.js';
import { defined } from '../defined.js';
import { actionSteps } from './actions.js';
import { clientSpecs } from './clients.js';
import { clientCells, faultCells } from './fault-cells.js';
import { type Cell, expandCells } from './matrix.js';
import type { Scenario, Step } from './model.js';
import { needsOf } from './needs.js';
import type { Source } from './source.js';
import { parseSteps } from './steps.js';
import { AS_WRITTEN, holdsSweep, type SweepChoice } from './sweep.js';
import type { Vocabulary } from './vocabulary.js';

/** A scenario file that has been read, and where it comes from. */
export interface Written {
  source: Source;
  file: ScenarioFile;
  /** Its path without ending: the ids of its cells begin with it, and its folders are role and class. */
  base: string;
}

/** The role of the subject is the first folder. */
export const roleOf = (base: string): Role => base.split('/')[0] as Role;

/** What is worked out at the first time that it is asked for: of hundreds of scenarios a run may choose one. */
const once = <T>(make: () => T): (() => T) => {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
};

const titleOf = ({ scenario }: ScenarioFile, { names }: Cell): string => {
  const name = Object.values(names).join(', ');
  return name === '' ? scenario : `${scenario} (${name})`;
};

const scenarioOf = (written: Written, cell: Cell, vocabulary: Vocabulary, checks: boolean): Scenario => {
  const { source, file, base } = written;
  const clients = clientSpecs(file);
  const stepsFor = (sweep: SweepChoice): Step[] =>
    parseSteps(file.script, ['script'], '', {
      source,
      vocabulary,
      checks,
      clients: new Set(clients.map((client) => client.name)),
      variables: cell.variables,
      axisPath: (axis) => (cell.names[axis] === undefined ? undefined : ['matrix', axis, cell.names[axis]]),
      sweep,
    });
  const steps = once(() => stepsFor(AS_WRITTEN));
  const needs = once(() => {
    const { nodes, ...rest } = needsOf(steps(), vocabulary);
    return { ...rest, nodes: Math.max(nodes, ...clients.map(({ node = 0 }) => node)) };
  });
  // What is read of the whole subject must not come from other scenarios.
  const exclusive = once(
    () =>
      file.alone === true || (roleOf(base) === 'server' && actionSteps(steps()).some(({ kind }) => kind === 'subject')),
  );
  return {
    id: `${base}${cell.suffix}`,
    title: titleOf(file, cell),
    role: roleOf(base),
    class: file.class,
    proves: file.proves,
    seenIn: file.seenIn ?? [],
    ...defined({ about: file.about }),
    file: source.file,
    requires: file.requires ?? [],
    alsoNeeds: file.alsoNeeds ?? [],
    cells: faultCells(file, cell),
    clientCells: clientCells(file, cell),
    clients,
    bystanders: file.bystanders ?? false,
    settle: { resends: file.settle?.resends ?? true, reconnects: file.settle?.reconnects ?? true },
    stepsFor,
    sweeps: holdsSweep(file.script) || holdsSweep(cell.variables),
    get steps() {
      return steps();
    },
    get exclusive() {
      return exclusive();
    },
    get needs() {
      return needs();
    },
  };
};

/** The scenarios of a file, one for each cell of its matrix. `checks`: every option of every step is checked. */
export const scenariosOf = (written: Written, vocabulary: Vocabulary, checks: boolean): Scenario[] =>
  expandCells(written.file).map((cell) => scenarioOf(written, cell, vocabulary, checks));
