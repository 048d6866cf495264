import t from 'tap';
import { allFaultCells, type FaultMatrixFile } from '../../schemas/index.js';
import { loadScenarios } from '../verbs/index.js';
import { checkFaultMatrix, loadExcuses } from './fault-matrix.js';

t.test('every cell of the fault matrix is played or excused, and none is both', async (t) => {
  t.equal(allFaultCells().length, 6 * 11 * 3);
  t.same(checkFaultMatrix(loadScenarios(), loadExcuses()), []);
});

t.test('a cell that is neither, both, or excused twice is named', async (t) => {
  const [first, second, ...others] = allFaultCells();
  if (!first || !second) throw new Error('no cells');
  const excuse = ({ packet, fault, receiver }: typeof first): FaultMatrixFile['excused'][number] => ({
    packets: [packet],
    faults: [fault],
    receivers: [receiver],
    why: 'nobody could ever see it',
  });
  const played = [{ id: 'server/core/a#b', cells: others }];
  t.same(checkFaultMatrix(played, [excuse(first)]), ['msg-r drop away: no scenario plays it, and nothing says why']);
  t.same(checkFaultMatrix([{ id: 'x', cells: allFaultCells() }], [excuse(first)]), [
    'msg-r drop online: x plays it, and it is excused all the same',
  ]);
  t.same(checkFaultMatrix(played, [excuse(first), excuse(second), excuse(second)]), [
    'msg-r drop away: is excused twice',
  ]);
});
