import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Report } from '../../../schemas/index.js';
import { packageRoot } from '../../package-root.js';
import { withWarningsCounted } from './exit-code.js';

t.test('warnings count only where the caller said so, and never less than what is worse', async (t) => {
  const path = join(packageRoot, 'src', 'report', 'fixtures', 'green.report.json');
  const green = JSON.parse(readFileSync(path, 'utf8')) as Report;
  const selection = { only: [], skip: [], allowUnproven: false };
  const rows: [name: string, exitCode: number, warnings: number, failOn: 'warning' | undefined, expected: number][] = [
    ['not asked', 0, 2, undefined, 0],
    ['asked, none', 0, 0, 'warning', 0],
    ['asked', 0, 2, 'warning', 1],
    ['undecided comes after nonconforming', 4, 2, 'warning', 1],
    ['a failure', 1, 2, 'warning', 1],
    ['usage', 2, 2, 'warning', 2],
    ['no subject', 3, 2, 'warning', 3],
  ];
  for (const [name, exitCode, warnings, failOn, expected] of rows) {
    const asked = failOn === undefined ? {} : { selection: { ...selection, failOn } };
    const report = { ...green, ...asked, exitCode, summary: { ...green.summary, warnings } };
    t.equal(withWarningsCounted(report).exitCode, expected, name);
  }
  const broken = {
    ...green,
    selection: { ...selection, failOn: 'warning' as const },
    exitCode: 130,
    complete: false,
    summary: { ...green.summary, warnings: 1 },
  };
  t.equal(withWarningsCounted(broken).exitCode, 130, 'interrupted');
});
