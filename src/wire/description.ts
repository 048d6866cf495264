import { description } from './description.generated.js';
import { explain } from './explain.js';
import type { Validator } from './validator.js';

/** What is wrong with the description of a server, one line per fault. Compiled beforehand: each run of the kit reads one. */
export const descriptionFaults: Validator = (value) => (description(value) ? [] : explain(description.errors ?? []));
