import { CONTROL_VERBS, type DurationSpec } from '../../schemas/index.js';
import { errorFinder, lineOf } from '../wire/index.js';
import { fillVariables, type Variables } from './matrix.js';
import type { Step } from './model.js';
import type { Source } from './source.js';
import { type SweepChoice, sweepValues } from './sweep.js';
import type { VerbFacts, Vocabulary } from './vocabulary.js';

type Path = readonly (string | number)[];
type Named = ReadonlyMap<string, Pick<VerbFacts, 'schema'>>;

/** The name under which a script speaks of what is tested. */
export const SUBJECT = 'subject';
/** The name of the server that the kit plays for a client under test. */
export const SERVER = 'server';

const CONTROL: Named = new Map(Object.entries(CONTROL_VERBS).map(([name, schema]) => [name, { schema }]));

interface Context {
  source: Source;
  vocabulary: Vocabulary;
  /** Whether options are checked. A file that was compiled has been checked before. */
  checks: boolean;
  clients: ReadonlySet<string>;
  variables: Variables;
  /** Where the steps of each matrix axis stand in the file. */
  axisPath: (axis: string) => Path | undefined;
  /** At which points sweeps are tried. */
  sweep: SweepChoice;
}

const words = (names: Iterable<string>): string => [...names].join(', ');

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The verb of an action: the one key that the vocabulary has. Checks the options of that verb. */
const verbOf = (action: unknown, verbs: Named, at: Path, who: string, context: Context): string => {
  const { source } = context;
  const keys = isRecord(action) ? Object.keys(action) : [];
  const known = keys.filter((key) => verbs.has(key));
  const verb = known[0];
  if (verb === undefined) {
    throw source.fault(
      at,
      `${who} has no known verb (it says: ${words(keys) || 'nothing'})`,
      `Known: ${words(verbs.keys())}.`,
    );
  }
  if (known.length > 1) throw source.fault(at, `${who} has two verbs: ${words(known)}`, 'Write one step for each.');
  const schema = verbs.get(verb)?.schema;
  const [fault] = context.checks && schema !== undefined ? errorFinder(schema)(action) : [];
  if (fault !== undefined) {
    throw source.fault(
      [...at, verb],
      `${who} ${verb}: ${lineOf(fault)}`,
      'conformance/README.md lists the options of each verb.',
    );
  }
  return verb;
};

const rounds = (repeat: unknown): Variables[] =>
  Array.isArray(repeat)
    ? repeat.map((value: unknown) => ({ value }))
    : Array.from({ length: Number(repeat) }, () => ({}));

/** The steps of a loop, once for each of its rounds. */
const loopSteps = (steps: unknown, values: Variables[], at: Path, path: string, context: Context): Step[] =>
  values.flatMap((value, i) => {
    const variables = { ...context.variables, ...value, round: i + 1 };
    return parseSteps(steps, [...at, 'steps'], `${path}.`, { ...context, variables });
  });

const controlStep = (raw: Record<string, unknown>, at: Path, path: string, context: Context): Step[] => {
  const verb = verbOf(raw, CONTROL, at, 'The step', context);
  const text = describe('', raw);
  switch (verb) {
    case 'together':
      return [
        {
          kind: 'together',
          path,
          text: 'together',
          steps: parseSteps(raw.together, [...at, 'together'], `${path}.`, context),
        },
      ];
    case 'repeat':
      return loopSteps(raw.steps, rounds(raw.repeat), at, path, context);
    case 'sweep': {
      const written = raw.sweep as number[];
      if (written.some((value, i) => value <= (written[i - 1] ?? -1))) {
        throw context.source.fault(
          [...at, 'sweep'],
          'a sweep must go from the least to the greatest',
          'Sort its moments.',
        );
      }
      return loopSteps(raw.steps, rounds(sweepValues(written, context.sweep)), at, path, context);
    }
    case 'insert': {
      const [axis = '', part] = String(raw.insert).split('.');
      const held = context.variables[axis];
      const inserted = part === undefined ? held : isRecord(held) && Object.hasOwn(held, part) ? held[part] : undefined;
      const from = context.axisPath(axis);
      if (!Array.isArray(inserted) || !from) {
        throw context.source.fault(
          at,
          `the matrix has no axis "${axis}" that holds steps${part === undefined ? '' : ` by the name "${part}"`}`,
          'Name an axis whose values are lists of steps, or hold lists of steps by name.',
        );
      }
      return parseSteps(inserted, part === undefined ? from : [...from, part], `${path}.`, context);
    }
    default:
      return [{ kind: 'waits', path, text, duration: raw.waits as DurationSpec, because: String(raw.because) }];
  }
};

/** A step as people write it, on one line. */
export const describe = (who: string, action: unknown): string => {
  const show = (value: unknown): string => {
    if (Array.isArray(value)) return `[${value.map(show).join(', ')}]`;
    if (isRecord(value))
      return `{ ${Object.entries(value)
        .map(([key, item]) => `${key}: ${show(item)}`)
        .join(', ')} }`;
    const text = String(value);
    return text.length > 60 ? `${text.slice(0, 57)}…` : text;
  };
  return who === '' ? show(action) : `${who}: ${show(action)}`;
};

const actorStep = (who: string, action: unknown, at: Path, path: string, context: Context): Step => {
  const text = describe(who, action);
  if (who === SUBJECT) {
    const verb = verbOf(action, context.vocabulary.subject, at, SUBJECT, context);
    return { kind: 'subject', path, text, action: { ...(action as object), verb } };
  }
  if (who === SERVER && context.vocabulary.server) {
    const verb = verbOf(action, context.vocabulary.server, at, SERVER, context);
    return { kind: 'server', path, text, action: { ...(action as object), verb } };
  }
  if (!context.clients.has(who)) {
    throw context.source.fault(
      at,
      `no client is called "${who}"`,
      `Clients of this scenario: ${words(context.clients)}.`,
    );
  }
  const verb = verbOf(action, context.vocabulary.client, at, who, context);
  return { kind: 'client', path, client: who, text, action: { ...(action as object), verb } };
};

/** Checks and expands a list of raw steps. Throws a usage KitError that names file and line. */
export const parseSteps = (raw: unknown, at: Path, prefix: string, context: Context): Step[] => {
  if (!Array.isArray(raw)) throw context.source.fault(at, 'a list of steps is missing', 'Write steps as a YAML list.');
  return raw.flatMap((item: unknown, i): Step[] => {
    const path = `${prefix}${i + 1}`;
    const here = [...at, i];
    // The steps that an axis holds are substituted when they are inserted, with the variables of that place.
    const step = fillVariables(item, context.variables);
    if (!isRecord(step))
      throw context.source.fault(here, 'a step must be "who: { verb: … }"', 'See conformance/README.md.');
    const keys = Object.keys(step);
    if (keys.some((key) => Object.hasOwn(CONTROL_VERBS, key)))
      return controlStep(withRaw(item, step), here, path, context);
    if (keys.length !== 1) {
      throw context.source.fault(
        here,
        `a step must name one actor, this one has: ${words(keys) || 'none'}`,
        'Write one step for each actor.',
      );
    }
    const who = keys[0] as string;
    return [actorStep(who, step[who], [...here, who], path, context)];
  });
};

/** Nested steps stay as written, so that `{round}` of the inner loop is not taken by the outer one. */
const withRaw = (item: unknown, substituted: Record<string, unknown>): Record<string, unknown> => ({
  ...substituted,
  ...(isRecord(item) && 'steps' in item ? { steps: item.steps } : {}),
  ...(isRecord(item) && 'together' in item ? { together: item.together } : {}),
});
