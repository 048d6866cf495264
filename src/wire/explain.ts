import type { ErrorObject } from 'ajv';

/** What Ajv writes for a schema: it leaves behind what was wrong with the value that it saw last. */
export interface CompiledValidator {
  (value: unknown): boolean;
  errors?: ErrorObject[] | null;
}

/** One thing that is wrong with a value, and where in it. */
export interface SchemaError {
  /** Names of members and indices of arrays, from the outermost to the one that is wrong; empty: the value itself. */
  path: readonly string[];
  text: string;
}

/** Such as `/timers/answerWithinMs: must be >= 1`. */
export const lineOf = ({ path, text }: SchemaError): string =>
  `${path.length === 0 ? 'value' : path.map((name) => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')}: ${text}`;

/** At most this many errors of one value are told: nobody reads the hundredth, and a hostile value may have a million. */
const MAX_ERRORS = 20;

const show = (value: unknown): string => {
  const text = JSON.stringify(value) ?? 'undefined';
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
};

const join = (words: string[]): string => [...new Set(words)].join(', ');

/** Of the thing that is wrong: a missing or unknown member is named itself, not the object around it. */
const pathOf = (error: ErrorObject): string[] => {
  const outer = error.instancePath
    .split('/')
    .slice(1)
    .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'));
  const member: unknown = error.keyword === 'required' ? error.params.missingProperty : error.params.additionalProperty;
  return typeof member === 'string' ? [...outer, member] : outer;
};

const textOf = (error: ErrorObject): string => {
  switch (error.keyword) {
    case 'required':
      return 'is missing';
    case 'additionalProperties':
      return 'is not known here';
    case 'false schema':
      return 'must be absent';
    case 'pattern':
      return error.params.pattern === '^\\P{Cs}*$' ? 'has a lone surrogate' : `must match ${error.params.pattern}`;
    case 'const':
      return `must be ${show(error.params.allowedValue)}`;
    case 'enum':
      return `must be one of ${join(error.params.allowedValues.map(show))}`;
    case 'format':
      return `must be a valid ${error.params.format}`;
    case 'uniqueItems':
      return 'must not hold the same item twice';
    default:
      return error.message ?? `breaks ${error.keyword}`;
  }
};

const isChoice = (error: ErrorObject): boolean => error.keyword === 'anyOf' || error.keyword === 'oneOf';

/** Number of the branch of `choice` in which `error` arose; undefined when it arose elsewhere. */
const branchOf = (choice: ErrorObject, error: ErrorObject): number | undefined => {
  const prefix = `${choice.schemaPath}/`;
  if (error === choice || !error.schemaPath.startsWith(prefix)) return undefined;
  if (!error.instancePath.startsWith(choice.instancePath)) return undefined;
  return Number.parseInt(error.schemaPath.slice(prefix.length), 10);
};

/** A branch that the value was never meant for: wrong type, wrong literal, or a wrong discriminating member. */
const isForeign = (choice: ErrorObject, errors: ErrorObject[]): boolean =>
  errors.some((error) => {
    if (error.instancePath === choice.instancePath) return ['type', 'const', 'pattern', 'enum'].includes(error.keyword);
    const depth = error.instancePath.slice(choice.instancePath.length).split('/').length - 1;
    return depth === 1 && error.keyword === 'const';
  });

const summary = (choice: ErrorObject, branches: ErrorObject[][]): string => {
  const here = branches.flat().filter((error) => error.instancePath === choice.instancePath);
  const literals = here.filter((error) => error.keyword === 'const').map((error) => show(error.params.allowedValue));
  if (literals.length === branches.length && literals.length > 0) return `must be one of ${join(literals)}`;
  // Members that tell the branches apart, such as `kind`.
  const tags = branches.flat().filter((error) => error.keyword === 'const');
  const tag = tags[0]?.instancePath;
  if (tag !== undefined && tags.length >= branches.length - 1 && tags.every((error) => error.instancePath === tag)) {
    return `${tag.slice(choice.instancePath.length)} must be one of ${join(tags.map((error) => show(error.params.allowedValue)))}`;
  }
  const types = join(here.map(textOf).map((text) => text.replace(/^must (be )?/, '')));
  return types === '' ? 'fits none of the allowed forms' : `must be one of: ${types}`;
};

/** Replaces the errors of every branch of a choice by those of the branch that was meant, or by one summary. */
const resolveChoices = (errors: readonly ErrorObject[]): ErrorObject[] => {
  let open = [...errors];
  // The inner choice comes first, as it has the longer schema path.
  const choices = errors.filter(isChoice).sort((a, b) => b.schemaPath.length - a.schemaPath.length);
  for (const choice of choices) {
    const branches: ErrorObject[][] = [];
    for (const error of open) {
      const branch = branchOf(choice, error);
      if (branch !== undefined) branches[branch] = [...(branches[branch] ?? []), error];
    }
    const used = branches.filter((branch) => branch !== undefined);
    const meant = used.filter((branch) => !isForeign(choice, branch));
    const kept = meant.length === 1 ? (meant[0] ?? []) : [{ ...choice, message: summary(choice, used) }];
    const replaced = new Set<ErrorObject>([choice, ...used.flat()]);
    open = [...open.filter((error) => !replaced.has(error)), ...kept];
  }
  return open;
};

/** What Ajv found, as a person would say it: each fault once, and only what is wrong with the form that was meant. */
export const explain = (errors: readonly ErrorObject[]): SchemaError[] => {
  // "must match then schema" only repeats what its parts already said.
  const parts = errors.filter((error) => error.keyword !== 'if');
  const faults = resolveChoices(parts).map((error): SchemaError => ({ path: pathOf(error), text: textOf(error) }));
  const unique = [...new Map(faults.map((fault) => [lineOf(fault), fault])).values()];
  if (unique.length <= MAX_ERRORS) return unique;
  return [...unique.slice(0, MAX_ERRORS), { path: [], text: `has ${unique.length - MAX_ERRORS} more errors` }];
};
