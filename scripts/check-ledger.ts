import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { parseArgs } from 'node:util';
import { parse } from 'yaml';
import { loadMutants } from '../conformance/mutants/load-mutants.js';
import { type Report, ReportSchema, ROLES, type Role } from '../schemas/index.js';
import { KitError } from '../src/errors.js';
import type { Ledger } from '../src/ledger/index.js';
import { packageRoot } from '../src/package-root.js';
import { validator } from '../src/wire/index.js';
import {
  APPENDIX,
  checkReport,
  checkScenarios,
  checkText,
  renderAppendix,
  type ScenarioHead,
} from './ledger-checks.js';
import { checkMutants, type Questioned } from './mutant-checks.js';
import { readLedger } from './parse-ledger.js';

/**
 * Compares the ledger of requirements with the text of the specification, with what the scenarios prove, and with what the
 * mutants break.
 * `--report FILE`: also with what a run exercised (the JSON report of the kit). `--write`: writes the appendix first.
 */
const specFolder = join(packageRoot, 'spec');

const specFiles = (): Map<string, string> => {
  const names = readdirSync(specFolder).filter((name) => name.endsWith('.md'));
  return new Map(names.map((name) => [name, readFileSync(join(specFolder, name), 'utf8')]));
};

const scenarioHeads = (): ScenarioHead[] => ROLES.flatMap(headsOf);

const headsOf = (role: Role): ScenarioHead[] => {
  const folder = join('conformance', role);
  if (!existsSync(join(packageRoot, folder))) return [];
  const names = readdirSync(join(packageRoot, folder), { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => name.endsWith('.yaml'))
    .sort()
    .map((name) => {
      const file = join(folder, name);
      const content: unknown = parse(readFileSync(join(packageRoot, file), 'utf8'));
      const { class: className, proves } = (content ?? {}) as Record<string, unknown>;
      if (typeof className !== 'string' || !Array.isArray(proves)) {
        throw new KitError(
          'usage',
          `${file} has no class or no list of what it proves`,
          'Write `class:` and `proves:`.',
        );
      }
      return { file, role, class: className, proves: proves.map(String) };
    });
};

const readReport = (path: string): Report => {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new KitError('usage', `cannot read the report ${path}`, 'Write one with --report json=FILE.', { cause });
  }
  const [fault] = validator(ReportSchema)(value);
  if (fault)
    throw new KitError('usage', `${path} is no report of the kit: ${fault}`, 'Write one with --report json=FILE.');
  return value as Report;
};

const mutantFaults = (ledger: Ledger): string[] => {
  const ids = scenarioHeads().map(({ file }) => file.replaceAll(sep, '/').replace(/^conformance\/(.*)\.yaml$/, '$1'));
  const file = join(packageRoot, 'conformance', 'mutants', 'questioned.yaml');
  return checkMutants(ledger, ids, loadMutants(), parse(readFileSync(file, 'utf8')) as Questioned[]);
};

const check = (ledger: Ledger, reportPath: string | undefined): string[] => [
  ...checkText(ledger, specFiles()),
  ...checkScenarios(ledger, scenarioHeads()),
  ...mutantFaults(ledger),
  ...(reportPath === undefined ? [] : checkReport(ledger, readReport(reportPath))),
];

try {
  const { values } = parseArgs({ options: { report: { type: 'string' }, write: { type: 'boolean' } } });
  const ledger = readLedger();
  if (values.write) writeFileSync(join(specFolder, APPENDIX), renderAppendix(ledger));
  const faults = check(ledger, values.report);
  for (const fault of faults) console.error(fault);
  if (faults.length > 0) process.exitCode = 1;
  else console.log(`${ledger.requirements.length} requirements: text, ledger, scenarios and mutants agree`);
} catch (error) {
  // A fault of the call or of a file: one line and what to do, no stack.
  const remedy = error instanceof KitError ? ` ${error.remedy}` : '';
  console.error(`${(error as Error).message}.${remedy}`);
  process.exitCode = 1;
}
