import { createRequire } from 'node:module';
import type { TSchema } from '@sinclair/typebox';
import type { Options, ValidateFunction } from 'ajv';
import type { Ajv2020 } from 'ajv/dist/2020.js';
import { explain, lineOf, type SchemaError } from './explain.js';
import { isWellFormed } from './well-formed.js';

/** Returns one clear line per fault, such as `/timers/answerWithinMs: must be >= 1`; empty when the value is valid. */
export type Validator = (value: unknown) => string[];

/** The same as typed facts, for whoever has to find the place in a file. */
export type ErrorFinder = (value: unknown) => SchemaError[];

const WELL_FORMED_PATTERN = '^\\P{Cs}*$';

/** The same answer as the regular expression for "no lone surrogate", natively: some 50 times as fast on long bodies. */
const regExp = Object.assign(
  (pattern: string, flags: string) =>
    pattern === WELL_FORMED_PATTERN ? { test: isWellFormed } : new RegExp(pattern, flags),
  { code: 'new RegExp' },
);

const options: Options = {
  strict: true,
  // TypeBox writes `if` and `then` without repeating the types and required members around them.
  strictTypes: false,
  strictRequired: false,
  allowUnionTypes: true,
  addUsedSchema: false,
  // The schemas are the kit's own, and a test checks them against the meta-schema; doing it here would cost every
  // process some 40 ms at its first packet.
  meta: false,
  validateSchema: false,
  formats: { uri: (text: string) => URL.canParse(text) },
  code: { regExp },
};

/** Ajv takes longer to load than most commands need in all, so only the first schema that has to be compiled loads it. */
const createAjv = (more: Options = {}): Ajv2020 => {
  const ajv = createRequire(import.meta.url)('ajv/dist/2020.js') as typeof import('ajv/dist/2020.js');
  return new ajv.Ajv2020({ ...options, ...more });
};

let first: Ajv2020 | undefined;
let all: Ajv2020 | undefined;

const known = new WeakMap<TSchema, ErrorFinder>();

const create = (schema: TSchema): ErrorFinder => {
  let quick: ValidateFunction | undefined;
  let thorough: ValidateFunction | undefined;
  return (value) => {
    if (!quick) {
      first ??= createAjv();
      quick = first.compile(schema);
    }
    if (quick(value)) return [];
    if (!thorough) {
      all ??= createAjv({ allErrors: true, verbose: true });
      thorough = all.compile(schema);
    }
    thorough(value);
    return explain(thorough.errors ?? []);
  };
};

/**
 * Finds the faults of a value by any schema of the kit. Compiled at the first use and kept, one for each schema. The
 * usual, valid case is one quick pass; only a value that failed is validated again for all its errors.
 */
export const errorFinder = (schema: TSchema): ErrorFinder => {
  const existing = known.get(schema);
  if (existing) return existing;
  const created = create(schema);
  known.set(schema, created);
  return created;
};

/** The validator of any schema of the kit: `errorFinder` for whoever only shows what is wrong. */
export const validator = (schema: TSchema): Validator => {
  const find = errorFinder(schema);
  return (value) => find(value).map(lineOf);
};
