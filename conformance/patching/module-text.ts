import { posix } from 'node:path';
import { KitError } from '../../src/errors.js';

/** Names that a module takes from another one. */
interface Import {
  /** Path of a compiled file below dist/, or the name of a package. */
  from: string;
  /** Of the other module, without what they are called here. */
  names: string[];
}

/** A compiled module as the body of a function that returns what the module exports. */
export interface ModuleText {
  body: string;
  imports: Import[];
  /** Modules that are loaded only when they are needed. */
  loadsLater: string[];
  exports: string[];
  /** Modules all of whose names it passes on. */
  passesOn: string[];
}

const IMPORT = /^import\s+(?:\{([^}]*)\}\s+from\s+)?'([^']+)';$/gm;
const EXPORTED_DECLARATION = /^export (?=(?:async )?(?:const|class|function\*?) (\w+))/gm;
const EXPORTED_FROM = /^export \{([^}]*)\} from '([^']+)';$/gm;
const EXPORTED_ALL = /^export \* from '([^']+)';$/gm;
const EXPORTED_NOTHING = /^export \{\s*\};$/gm;
const DYNAMIC_IMPORT = /\bimport\('([^']+)'\)/g;
const LEFT_OVER = /^(?:import|export)\b.*$/m;

const namesIn = (list: string): [name: string, here: string][] =>
  list
    .split(',')
    .map((one) => one.trim().split(/\s+as\s+/))
    .filter(([name]) => name !== '')
    .map(([name = '', here = name]) => [name, here]);

const isOwn = (specifier: string): boolean => specifier.startsWith('.');

/**
 * Rewrites what the compiler made of one module. It writes few forms of `import` and `export`, so patterns are enough;
 * whatever else stands there is an error. `load` and `need` are given by the file around it.
 */
export const moduleText = (path: string, source: string): ModuleText => {
  const pathOf = (specifier: string): string =>
    isOwn(specifier) ? posix.join(posix.dirname(path), specifier) : specifier;
  const loaderOf = (specifier: string): string => `${isOwn(specifier) ? 'load' : 'need'}('${pathOf(specifier)}')`;
  const imports: Import[] = [];
  const head: string[] = [];
  const exported: string[] = [];
  const passesOn: string[] = [];
  const loadsLater: string[] = [];
  const returned: string[] = [];
  const namesFrom = (list: string, specifier: string): [name: string, here: string][] => {
    const names = namesIn(list);
    imports.push({ from: pathOf(specifier), names: names.map(([name]) => name) });
    return names;
  };
  const body = source
    .replace(IMPORT, (_, list: string | undefined, specifier: string) => {
      const taken = namesFrom(list ?? '', specifier).map(([name, here]) => (name === here ? name : `${name}: ${here}`));
      head.push(`const { ${taken.join(', ')} } = ${loaderOf(specifier)};`);
      return '';
    })
    .replace(EXPORTED_FROM, (_, list: string, specifier: string) => {
      // They get no name in this module: it may take the same one for itself.
      head.push(`${loaderOf(specifier)};`);
      for (const [name, here] of namesFrom(list, specifier)) {
        exported.push(here);
        returned.push(`${here}: ${loaderOf(specifier)}.${name}`);
      }
      return '';
    })
    .replace(EXPORTED_ALL, (_, specifier: string) => {
      passesOn.push(pathOf(specifier));
      return '';
    })
    .replace(EXPORTED_NOTHING, '')
    .replace(EXPORTED_DECLARATION, (_, name: string) => {
      exported.push(name);
      returned.push(name);
      return '';
    })
    .replace(DYNAMIC_IMPORT, (whole, specifier: string) => {
      if (specifier.startsWith('node:')) return whole;
      if (!isOwn(specifier)) return `later('${specifier}')`;
      loadsLater.push(pathOf(specifier));
      return `Promise.resolve().then(() => ${loaderOf(specifier)})`;
    });
  const [odd] = LEFT_OVER.exec(body) ?? [];
  if (odd !== undefined) {
    throw new KitError('usage', `${path} cannot be joined: ${odd}`, 'Write a named import or export in one statement.');
  }
  const all = [...passesOn.map((other) => `...load('${other}')`), ...returned];
  return {
    body: `${head.join('\n')}\n${body.trim()}\nreturn { ${all.join(', ')} };`,
    imports,
    loadsLater,
    exports: exported,
    passesOn,
  };
};
