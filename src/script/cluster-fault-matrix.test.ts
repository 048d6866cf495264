import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { MATRIX_PACKETS } from '../../schemas/index.js';
import { packageRoot } from '../package-root.js';
import { loadScenarios } from '../verbs/index.js';

interface Cells {
  packets: 'all' | string[];
  faults: string[];
}
interface MatrixFile {
  faults: string[];
  played: (Cells & { by: string[] })[];
  excused: (Cells & { why: string })[];
}

const file = parse(readFileSync(join(packageRoot, 'conformance', 'cluster-fault-matrix.yaml'), 'utf8')) as MatrixFile;

const namesOf = ({ packets, faults }: Cells): string[] =>
  (packets === 'all' ? [...MATRIX_PACKETS] : packets).flatMap((packet) => faults.map((fault) => `${packet} ${fault}`));

t.test('every cell of the fault matrix of several nodes is played or excused, and none is both', async (t) => {
  const cells = namesOf({ packets: 'all', faults: file.faults });
  t.same([...file.played, ...file.excused].flatMap(namesOf).sort(), cells.sort());
  for (const { why } of file.excused) t.ok(why.length >= 20, why);
});

t.test('each scenario that the fault matrix of several nodes names is there', async (t) => {
  const ids = loadScenarios().map(({ id }) => id);
  const regex = (glob: string) => new RegExp(`^${glob.replaceAll('.', '\\.').replaceAll('*', '[^/]*')}$`);
  for (const glob of new Set(file.played.flatMap(({ by }) => by))) {
    const matches = regex(glob);
    t.ok(
      ids.some((id) => matches.test(id)),
      glob,
    );
  }
});
