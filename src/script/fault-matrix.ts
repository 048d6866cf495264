import { join } from 'node:path';
import {
  allFaultCells,
  type FaultCell,
  type FaultMatrixFile,
  FaultMatrixFileSchema,
  faultCellName,
} from '../../schemas/index.js';
import { errorFinder, lineOf } from '../wire/index.js';
import { FAULT_MATRIX, readCompiled } from './compiled.js';
import { scenarioRoot } from './load.js';
import type { Scenario } from './model.js';
import { readSource } from './source.js';

type Excuses = FaultMatrixFile['excused'];

/** conformance/fault-matrix.yaml as it stands there. Throws a usage KitError when it is not valid. */
export const readExcuses = (root = scenarioRoot): Excuses => {
  const source = readSource(join(root, FAULT_MATRIX), join('conformance', FAULT_MATRIX));
  const [fault] = errorFinder(FaultMatrixFileSchema)(source.value);
  if (fault !== undefined) throw source.fault(fault.path, lineOf(fault), 'See schemas/fault-matrix.ts.');
  return (source.value as FaultMatrixFile).excused;
};

/** Why some cells of the fault matrix have no scenario. */
export const loadExcuses = (): Excuses => readCompiled(scenarioRoot)?.excused ?? readExcuses();

const cellsOf = ({ packets, faults, receivers }: FaultMatrixFile['excused'][number]): FaultCell[] =>
  packets.flatMap((packet) => faults.flatMap((fault) => receivers.map((receiver) => ({ packet, fault, receiver }))));

/** Every cell of the fault matrix is either played by a scenario or excused: what is neither, or both, one line each. */
export const checkFaultMatrix = (
  scenarios: readonly Pick<Scenario, 'id' | 'cells'>[],
  excused: FaultMatrixFile['excused'],
): string[] => {
  const played = new Map<string, string>();
  for (const { id, cells } of scenarios) for (const cell of cells) played.set(faultCellName(cell), id);
  const excuses = new Map<string, string>();
  const faults: string[] = [];
  for (const entry of excused) {
    for (const cell of cellsOf(entry)) {
      const name = faultCellName(cell);
      if (excuses.has(name)) faults.push(`${name}: is excused twice`);
      excuses.set(name, entry.why);
    }
  }
  for (const name of allFaultCells().map(faultCellName)) {
    const id = played.get(name);
    if (id === undefined && !excuses.has(name)) faults.push(`${name}: no scenario plays it, and nothing says why`);
    if (id !== undefined && excuses.has(name)) faults.push(`${name}: ${id} plays it, and it is excused all the same`);
  }
  return faults;
};
