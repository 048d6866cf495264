import {
  allFaultCells,
  type FaultMatrixFile,
  faultCellName,
  type MatrixCell,
  type ScenarioResult,
  worstOf,
} from '../../../schemas/index.js';
import { defined } from '../../defined.js';

/** What the run says of every cell of the fault matrix, in the order of its lists. */
export const judgeMatrix = (results: readonly ScenarioResult[], excused: FaultMatrixFile['excused']): MatrixCell[] => {
  const players = new Map<string, ScenarioResult[]>();
  for (const result of results) {
    for (const cell of result.cells ?? []) {
      const name = faultCellName(cell);
      players.set(name, [...(players.get(name) ?? []), result]);
    }
  }
  return allFaultCells().map((cell) => {
    const played = players.get(faultCellName(cell)) ?? [];
    const verdict = worstOf(played.map((result) => result.verdict));
    const excuse = excused.find(
      ({ packets, faults, receivers }) =>
        packets.includes(cell.packet) && faults.includes(cell.fault) && receivers.includes(cell.receiver),
    );
    return {
      ...cell,
      verdict: verdict ?? (excuse ? 'excused' : 'not-played'),
      scenarios: played.map(({ id }) => id),
      ...defined({ why: verdict === undefined ? excuse?.why : undefined }),
    };
  });
};
