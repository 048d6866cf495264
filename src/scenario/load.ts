import { readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { type ScenarioFile, ScenarioFileSchema } from '../../schemas/index.js';
import { KitError } from '../errors.js';
import { packageRoot } from '../package-root.js';
import { validator } from '../packets/index.js';
import { checkReferences } from './check-references.js';
import { type Cell, expandCells } from './matrix.js';
import type { ClientSpec, Scenario, Step } from './model.js';
import { readSource, type Source } from './source.js';
import { parseSteps } from './steps.js';

export const scenarioRoot = join(packageRoot, 'conformance');

const clientSpecs = (file: ScenarioFile): ClientSpec[] => {
  const named = Array.isArray(file.clients)
    ? file.clients.map((name) => [name, {}] as const)
    : Object.entries(file.clients);
  return named.map(([name, options]) => {
    const { userOf, device, away, absent, autoAcks } = options as Exclude<ScenarioFile['clients'], string[]>[string];
    return {
      name,
      device: device ?? 'default',
      start: absent ? 'absent' : away ? 'away' : 'present',
      autoAcks: autoAcks ?? false,
      ...(userOf === undefined ? {} : { userOf }),
    };
  });
};

const checkClients = (source: Source, clients: ClientSpec[]): void => {
  const names = new Set(clients.map((client) => client.name));
  for (const { name, userOf } of clients) {
    if (name === 'server')
      throw source.fault(['clients', name], 'a client cannot be called "server"', 'Choose another name.');
    if (userOf !== undefined && !names.has(userOf)) {
      throw source.fault(
        ['clients', name],
        `userOf names "${userOf}", which is no client`,
        'Name a client of this file.',
      );
    }
  }
};

const controlsSubject = (steps: Step[]): boolean =>
  steps.some((step) => step.kind === 'server' || (step.kind === 'together' && controlsSubject(step.steps)));

const cellToScenario = (source: Source, file: ScenarioFile, base: string, cell: Cell): Scenario => {
  const clients = clientSpecs(file);
  checkClients(source, clients);
  const steps = parseSteps(file.script, ['script'], '', {
    source,
    clients: new Set(clients.map((client) => client.name)),
    variables: cell.variables,
    axisPath: (axis) => (cell.names[axis] === undefined ? undefined : ['matrix', axis, cell.names[axis]]),
  });
  checkReferences(source, steps);
  const needsControl = controlsSubject(steps);
  const names = Object.values(cell.names).join(', ');
  return {
    id: `${base}${cell.suffix}`,
    title: names === '' ? file.scenario : `${file.scenario} (${names})`,
    class: file.class,
    proves: file.proves,
    seenIn: file.seenIn ?? [],
    ...(file.about === undefined ? {} : { about: file.about }),
    file: source.file,
    requires: file.requires ?? [],
    alsoNeeds: file.alsoNeeds ?? [],
    clients,
    bystanders: file.bystanders ?? false,
    settle: { resends: file.settle?.resends ?? true, reconnects: file.settle?.reconnects ?? true },
    steps,
    exclusive: file.alone === true || needsControl,
    needsControl,
  };
};

/** The scenarios of one file, a cell each. `base` is the id without its cell. Throws a usage KitError with the line. */
export const parseScenarioFile = (source: Source, base: string): Scenario[] => {
  const errors = validator(ScenarioFileSchema)(source.value);
  if (errors.length > 0) {
    const path = (/^\/(\S*?):? /.exec(errors[0] as string)?.[1] ?? '').split('/');
    throw source.fault(path, errors[0] as string, 'See conformance/README.md for what a scenario file holds.');
  }
  const file = source.value as ScenarioFile;
  const folder = base.split('/').at(-2);
  if (folder !== undefined && folder !== file.class) {
    throw source.fault(
      ['class'],
      `class is ${file.class}, but the file lies in ${folder}/`,
      'Move the file or correct the class.',
    );
  }
  return expandCells(file).map((cell) => cellToScenario(source, file, base, cell));
};

const yamlFiles = (folder: string): string[] => {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.yaml'))
      .map((name) => join(folder, name))
      .sort();
  } catch (cause) {
    throw new KitError('usage', `${folder}: no scenarios can be read there`, 'Check the folder.', { cause });
  }
};

const loaded = new Map<string, Scenario[]>();

/** All scenarios below `<root>/server`, in the order of their ids. Read once. Throws a usage KitError with the line. */
export const loadScenarios = (root = scenarioRoot): readonly Scenario[] => {
  const known = loaded.get(root);
  if (known) return known;
  const scenarios = yamlFiles(join(root, 'server')).flatMap((path) => {
    const base = relative(root, path)
      .split(sep)
      .join('/')
      .replace(/\.yaml$/, '');
    return parseScenarioFile(readSource(path, join('conformance', relative(root, path))), base);
  });
  loaded.set(root, scenarios);
  return scenarios;
};
