import { description } from './description.generated.js';
import { type CompiledValidator, explain, lineOf } from './explain.js';
import type { Validator } from './validator.js';

const validate: CompiledValidator = description;

/** What is wrong with the description of a server, one line per fault. Compiled beforehand: each run of the kit reads one. */
export const descriptionFaults: Validator = (value) =>
  validate(value) ? [] : explain(validate.errors ?? []).map(lineOf);
