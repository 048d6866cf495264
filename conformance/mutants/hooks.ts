import type { LoadHook } from 'node:module';

/** URL of a compiled file → the text that is loaded in its place. */
export type Replacements = Record<string, string>;

let replacements: Replacements = {};

/** Called by node in the thread that loads modules, with the data that `register` was given. */
export const initialize = (data: Replacements): void => {
  replacements = data;
};

export const load: LoadHook = async (url, context, nextLoad) => {
  const source = replacements[url];
  return source === undefined ? nextLoad(url, context) : { format: 'module', source, shortCircuit: true };
};
