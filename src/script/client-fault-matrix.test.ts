import { join } from 'node:path';
import t from 'tap';
import {
  allClientCells,
  type ClientFaultMatrixFile,
  ClientFaultMatrixFileSchema,
  clientCellName,
} from '../../schemas/index.js';
import { loadScenarios } from '../verbs/index.js';
import { errorFinder } from '../wire/index.js';
import { readSource, scenarioRoot } from './index.js';

t.test('every cell of the fault matrix of clients is played or excused, and none is both', async (t) => {
  const { value } = readSource(join(scenarioRoot, 'client-fault-matrix.yaml'), 'client-fault-matrix.yaml');
  t.same(errorFinder(ClientFaultMatrixFileSchema)(value), []);
  const { excused } = value as ClientFaultMatrixFile;
  const excuses = excused.flatMap(({ packets, faults }) =>
    packets.flatMap((packet) => faults.map((fault) => clientCellName({ packet, fault }))),
  );
  const played = new Set(loadScenarios().flatMap(({ clientCells }) => clientCells.map(clientCellName)));
  t.equal(allClientCells().length, 6 * 11);
  t.equal(new Set(excuses).size, excuses.length, 'none is excused twice');
  for (const name of allClientCells().map(clientCellName)) {
    t.not(played.has(name), excuses.includes(name), `${name} is either played or excused`);
  }
});
