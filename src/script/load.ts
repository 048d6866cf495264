import { readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { type FaultCell, FaultCellSchema, type ScenarioFile, ScenarioFileSchema } from '../../schemas/index.js';
import { KitError } from '../errors.js';
import { packageRoot } from '../package-root.js';
import { validator } from '../wire/index.js';
import { checkLimits } from './declared-limits.js';
import { type Cell, expandCells, substitute } from './matrix.js';
import type { ClientSpec, Scenario, Step } from './model.js';
import { flatSteps, needsOf } from './needs.js';
import { checkReferences } from './references.js';
import { readSource, type Source } from './source.js';
import { parseSteps } from './steps.js';
import { AS_WRITTEN, holdsSweep, type SweepChoice } from './sweep.js';
import { userInTemplate } from './user-id.js';

export const scenarioRoot = join(packageRoot, 'conformance');

const clientSpecs = (file: ScenarioFile): ClientSpec[] => {
  const named = Array.isArray(file.clients)
    ? file.clients.map((name) => [name, {}] as const)
    : Object.entries(file.clients);
  return named.map(([name, options]) => {
    const { userOf, user, device, away, absent, autoAcks, fragments } = options as Exclude<
      ScenarioFile['clients'],
      string[]
    >[string];
    return {
      name,
      device: device ?? 'default',
      start: absent ? 'absent' : away ? 'away' : 'present',
      autoAcks: autoAcks ?? false,
      ...(fragments === undefined ? {} : { fragments }),
      ...(userOf === undefined ? {} : { userOf }),
      ...(user === undefined ? {} : { user }),
    };
  });
};

/** A user id is made of one that the kit makes up, never of one that is made itself. */
const checkUserId = (source: Source, clients: ClientSpec[], { name, user, userOf }: ClientSpec): void => {
  const base = clients.find((client) => client.name === (user === undefined ? userOf : userInTemplate(user)));
  const isFresh = base !== undefined && base.user === undefined && base.userOf === undefined;
  if (user === undefined ? base?.user === undefined : userOf === undefined && isFresh) return;
  throw source.fault(
    ['clients', name],
    `the user id of "${name}" cannot be made`,
    'Write `user: "{user:NAME}-b"` without userOf; NAME is a client that has neither, and userOf names no such client.',
  );
};

const checkClients = (source: Source, clients: ClientSpec[]): void => {
  const names = new Set(clients.map((client) => client.name));
  for (const client of clients) {
    const { name, userOf } = client;
    if (name === 'server')
      throw source.fault(['clients', name], 'a client cannot be called "server"', 'Choose another name.');
    if (userOf !== undefined && !names.has(userOf)) {
      throw source.fault(
        ['clients', name],
        `userOf names "${userOf}", which is no client`,
        'Name a client of this file.',
      );
    }
    checkUserId(source, clients, client);
  }
};

/** Verbs that only look at the subject. */
const LOOKS: ReadonlySet<string> = new Set(['scrapes', 'marksMemory', 'memoryStays']);

const serverVerbs = (steps: Step[]): string[] =>
  flatSteps(steps).flatMap((step) => (step.kind === 'server' ? [step.action.verb] : []));

/** A flood is judged by those who must not notice it. */
const checkFloods = (source: Source, file: ScenarioFile, steps: Step[]): void => {
  const flood = flatSteps(steps).find((step) => step.kind === 'client' && step.action.verb === 'floods');
  if (flood === undefined || file.bystanders === true) return;
  throw source.fault(['script'], `step ${flood.path} floods, and nobody must not notice it`, 'Add `bystanders: true`.');
};

const isFaultCell = (value: unknown): value is FaultCell => validator(FaultCellSchema)(value).length === 0;

const asList = <T>(value: T | T[]): T[] => (Array.isArray(value) ? value : [value]);

/** The cells of the fault matrix that this cell of the file plays. A name that the matrix does not know is a variation. */
const faultCells = (file: ScenarioFile, cell: Cell): FaultCell[] => {
  const entries = asList(file.matrixCell ?? []).flatMap(({ packet, fault, receiver }) =>
    asList(packet).flatMap((p) =>
      asList(fault).flatMap((f) => asList(receiver).map((r) => ({ packet: p, fault: f, receiver: r }))),
    ),
  );
  return (substitute(entries, cell.names) as unknown[]).filter(isFaultCell);
};

const cellToScenario = (source: Source, file: ScenarioFile, base: string, cell: Cell): Scenario => {
  const clients = clientSpecs(file);
  checkClients(source, clients);
  const stepsFor = (sweep: SweepChoice): Step[] =>
    parseSteps(file.script, ['script'], '', {
      source,
      clients: new Set(clients.map((client) => client.name)),
      variables: cell.variables,
      axisPath: (axis) => (cell.names[axis] === undefined ? undefined : ['matrix', axis, cell.names[axis]]),
      sweep,
    });
  const steps = stepsFor(AS_WRITTEN);
  checkLimits(source, steps, file.requires ?? []);
  checkReferences(source, steps);
  checkFloods(source, file, steps);
  const verbs = serverVerbs(steps);
  const needsControl = verbs.some((verb) => !LOOKS.has(verb));
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
    cells: faultCells(file, cell),
    clients,
    bystanders: file.bystanders ?? false,
    settle: { resends: file.settle?.resends ?? true, reconnects: file.settle?.reconnects ?? true },
    steps,
    stepsFor,
    sweeps: holdsSweep(file.script) || holdsSweep(cell.variables),
    // What is read of the whole server must not come from other scenarios.
    exclusive: file.alone === true || verbs.length > 0,
    needsControl,
    needs: needsOf(steps),
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
