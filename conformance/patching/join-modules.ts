import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { KitError } from '../../src/errors.js';
import { packageRoot } from '../../src/package-root.js';
import { type ModuleText, moduleText } from './module-text.js';

const REMEDY = 'Correct the patch or the module.';

/** `ws` as one file, which is read in a third of the time. */
export const joinedWs = join(packageRoot, 'dist', 'bundle', 'ws.cjs');

type Modules = ReadonlyMap<string, ModuleText>;

/** Reads a module and all that it needs. Loading them in a circle would find names that have no value yet: an error. */
const collect = (entry: string, read: (path: string) => string): Modules => {
  const modules = new Map<string, ModuleText>();
  const visit = (path: string, way: readonly string[]): void => {
    if (way.includes(path)) {
      throw new KitError('usage', `${path} imports itself by way of ${way.join(', ')}`, REMEDY);
    }
    if (modules.has(path)) return;
    const text = moduleText(path, read(path));
    const needed = [...text.imports.map(({ from }) => from), ...text.passesOn].filter((from) => from.endsWith('.js'));
    for (const other of needed) visit(other, [...way, path]);
    modules.set(path, text);
    for (const other of text.loadsLater) visit(other, []);
  };
  visit(entry, []);
  return modules;
};

const exportsOf = (path: string, modules: Modules): string[] => {
  const module = modules.get(path);
  return module === undefined
    ? []
    : [...module.exports, ...module.passesOn.flatMap((other) => exportsOf(other, modules))];
};

/** Outside of modules a name that nobody exports would only be undefined. */
const checkNames = (modules: Modules): void => {
  for (const [path, { imports }] of modules) {
    for (const { from, names } of imports.filter((one) => modules.has(one.from))) {
      const offered = exportsOf(from, modules);
      const missing = names.find((name) => !offered.includes(name));
      if (missing !== undefined) throw new KitError('usage', `${path}: ${from} exports no ${missing}`, REMEDY);
    }
  }
};

/** A function in parentheses is compiled when it is read: all of them are called, and most of them at once. */
const moduleEntry = ([path, { body }]: [string, ModuleText]): string => `'${path}': (function () {\n${body}\n}),`;

/** Modules as one file, and the names that its entry exports. */
export interface Joined {
  text: string;
  exports: string[];
}

/**
 * The compiled modules of a program or a library as one file of CommonJS, which starts in half the time: Node reads one
 * file instead of fifty, and does so without its loader of modules. `read` gives the text of a module by its path below
 * dist/. Packages are not joined: they are found from `base`, wherever the file lies; `ws` is the one file that
 * scripts/bundle.ts makes of it, where there is one.
 */
export const joinModules = (entry: string, base: string, read: (path: string) => string): Joined => {
  const modules = collect(entry, read);
  checkNames(modules);
  const text = `'use strict';
const find = require('node:module').createRequire(${JSON.stringify(base)});
const joined = new Map(${JSON.stringify(existsSync(joinedWs) ? [['ws', joinedWs]] : [])});
const need = (name) => find(joined.get(name) ?? name);
const later = (name) => import(need('node:url').pathToFileURL(find.resolve(name)).href);
const loaded = new Map();
const load = (path) => {
  if (!loaded.has(path)) loaded.set(path, modules[path]());
  return loaded.get(path);
};
const modules = {
${[...modules].map(moduleEntry).join('\n')}
};
module.exports = load('${entry}');
`;
  return { text, exports: exportsOf(entry, modules) };
};
