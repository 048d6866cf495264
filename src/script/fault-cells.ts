import { type ClientCell, type FaultCell, isClientCell, isFaultCell, type ScenarioFile } from '../../schemas/index.js';
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

/** `reset-before` and `reset-after` are both a reset: of a client the moment is a variation. */
const faultOf = (name: string): string => name.replace(/^(reset|silence)-(before|after)$/, '$1');

/** The cells of the fault matrix of clients that this cell of the file plays. */
export const clientCells = (file: Pick<ScenarioFile, 'clientCell'>, cell: Cell): ClientCell[] => {
  const entries = asList(file.clientCell ?? []).flatMap(({ packet, fault }) =>
    asList(packet).flatMap((p) => asList(fault).map((f) => ({ packet: p, fault: f }))),
  );
  const filled = fillVariables(entries, cell.names) as { packet: string; fault: string }[];
  return filled.map(({ packet, fault }) => ({ packet, fault: faultOf(fault) })).filter(isClientCell);
};
