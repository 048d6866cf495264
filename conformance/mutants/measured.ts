import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type SelfTest, SelfTestSchema } from '../../schemas/index.js';
import { KitError } from '../../src/errors.js';
import { packageRoot } from '../../src/package-root.js';
import { validator } from '../../src/wire/index.js';
import { fingerprintOf } from './fingerprint.js';
import type { Mutant } from './mutant.js';
import { roleOf } from './mutant-file.js';

const REMEDY =
  'Measure again: node dist/bin/im-conformance.js self-test --repeat 20 --json conformance/mutants/measured.json';

/** What `self-test --repeat` wrote when the subtle mutants were measured last. Throws a usage KitError when it is no such file. */
export const readMeasured = (file = join(packageRoot, 'conformance', 'mutants', 'measured.json')): SelfTest => {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new KitError('usage', `${file} cannot be read`, REMEDY, { cause });
  }
  const [fault] = validator(SelfTestSchema)(value);
  if (fault !== undefined) throw new KitError('usage', `${file} is not valid: ${fault}`, REMEDY);
  return value as SelfTest;
};

/** Why the figures do not describe these mutants, one sentence each: a figure must not outlive what it was measured on. */
export const staleFigures = (mutants: readonly Mutant[], measured: SelfTest): string[] => {
  const subtle = mutants.filter((mutant) => mutant.subtle !== undefined);
  const problems = measured.complete ? [] : [`the measurement was interrupted. ${REMEDY}`];
  for (const mutant of subtle) {
    const { id } = mutant;
    const found = measured.mutants.find((result) => result.id === id);
    if (found === undefined) problems.push(`${id} is subtle, and was not measured. ${REMEDY}`);
    else if (found.fingerprint !== fingerprintOf(mutant))
      problems.push(`${id} has changed since it was measured. ${REMEDY}`);
  }
  const gone = measured.mutants.filter(({ id }) => !subtle.some((mutant) => mutant.id === id));
  return [...problems, ...gone.map(({ id }) => `${id} was measured, and is no subtle mutant. ${REMEDY}`)];
};

const row = ({ id, fault, subtle = '', runs, caught }: SelfTest['mutants'][number]): string =>
  `| \`${id}\` | ${fault} ${subtle} | ${caught} of ${runs} (${Math.round((100 * caught) / runs)} %) |`;

/** The figures as a table in Markdown, with where and when they come from. */
export const measuredTable = ({ kit, startedAt, cores, load, mutants }: SelfTest): string[] => [
  `Measured on ${startedAt.slice(0, 10)} with version ${kit.version} on a machine with ${cores} cores and a load average of ${load}:`,
  '',
  '| subtle mutant | what is wrong, and what has to coincide | runs that caught it |',
  '|---|---|---|',
  ...mutants.map(row),
];

/** The size of the catalogue in one sentence. That all of them are caught is what the tests of this project demand. */
export const catalogueSentence = (mutants: readonly Mutant[]): string => {
  const requirements = new Set(mutants.map(({ requirement }) => requirement)).size;
  const subtle = mutants.filter((mutant) => mutant.subtle !== undefined).length;
  const clusters = mutants.filter(({ needs }) => needs === 'etcd').length;
  const clients = mutants.filter((mutant) => roleOf(mutant) === 'client').length;
  const servers = mutants.length - clusters - clients;
  return `The catalogue holds **${mutants.length} mutants**, ${servers} of servers, ${clusters} of clusters and ${clients} of clients, that break ${requirements} requirements; all ${mutants.length} are caught. ${subtle} of them are subtle.`;
};
