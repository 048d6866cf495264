import { type FaultCell, isFaultCell, type ScenarioFile } from '../../schemas/index.js';
import { type Cell, fillVariables } from './matrix.js';

const asList = <T>(value: T | T[]): T[] => (Array.isArray(value) ? value : [value]);

/** The cells of the fault matrix that this cell of the file plays. A name that the matrix does not know is a variation. */
export const faultCells = (file: Pick<ScenarioFile, 'matrixCell'>, cell: Cell): FaultCell[] => {
  const entries = asList(file.matrixCell ?? []).flatMap(({ packet, fault, receiver }) =>
    asList(packet).flatMap((p) =>
      asList(fault).flatMap((f) => asList(receiver).map((r) => ({ packet: p, fault: f, receiver: r }))),
    ),
  );
  return (fillVariables(entries, cell.names) as unknown[]).filter(isFaultCell);
};
