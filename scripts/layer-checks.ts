import type { Import } from './imports.js';
import { packageOf, targetOf } from './imports.js';
import { LAYERS, type Layer, TEST_PACKAGES } from './layers.js';

/** Source file, as a path below the root → what it imports. */
export type Files = ReadonlyMap<string, readonly Import[]>;

const TABLE = 'scripts/layers.ts';

const holds = ({ path }: Layer, file: string): boolean =>
  path === file ||
  (path.endsWith('/*')
    ? file.startsWith(path.slice(0, -1)) && !file.slice(path.length - 1).includes('/')
    : file.startsWith(`${path}/`));

/** The layer of a file: of those that hold it, the one with the longest path. */
export const layerOf = (file: string, layers: readonly Layer[] = LAYERS): Layer | undefined =>
  layers.filter((layer) => holds(layer, file)).sort((a, b) => b.path.length - a.path.length)[0];

const isTest = (file: string): boolean => /\.test\.[mc]?[jt]s$|\/testing\//.test(file);

/** Built-in modules are named one by one, or all at once. */
const fits = (allowed: readonly string[], name: string): boolean =>
  allowed.includes(name) || (name.startsWith('node:') && allowed.includes('node:*'));

const allowedBy = (layer: Layer, test: boolean): { may: string[]; packages: string[] } => ({
  may: [...layer.may, ...(test ? (layer.tests?.may ?? []) : [])],
  packages: [...layer.packages, ...(test ? [...TEST_PACKAGES, ...(layer.tests?.packages ?? [])] : [])],
});

/** The folder directly below another that a file lies in. */
const roomOf = (file: string, below: string): string | undefined =>
  file.startsWith(`${below}/`) && file.slice(below.length + 1).includes('/')
    ? file.slice(below.length + 1).split('/')[0]
    : undefined;

const faultOf = (file: string, layer: Layer, { name, line }: Import, layers: readonly Layer[]): string | undefined => {
  const test = isTest(file);
  const allowed = allowedBy(layer, test);
  const target = targetOf(file, name);
  if (target === undefined) {
    if (fits(allowed.packages, packageOf(name))) return undefined;
    const list = allowed.packages.join(', ') || 'none';
    return `${file}:${line}: ${layer.path} may not import the package ${name} (it may: ${list}). Do without it, or list it in ${TABLE}.`;
  }
  if (isTest(target) && !test && layer.usesTests !== true) {
    return `${file}:${line}: ${name} is for tests, and the package leaves it out. Move what both need out of testing/.`;
  }
  // An import names the compiled file; a layer may be one source file.
  const imported = layerOf(target, layers) && layerOf(target.replace(/\.js$/, '.ts'), layers);
  if (imported === undefined) {
    return `${file}:${line}: ${target} belongs to no layer. Move it into one, or give its folder a line in ${TABLE}.`;
  }
  if (imported === layer && layer.apart !== undefined) {
    const [from, to] = [roomOf(file, layer.apart.below), roomOf(target, layer.apart.below)];
    if (from !== undefined && to !== undefined && from !== to && !layer.apart.shared.includes(to)) {
      return `${file}:${line}: ${layer.apart.below}/${from} may not import its neighbour ${to}: ${name}. Move what both need to where both may reach it.`;
    }
  }
  if (imported === layer || allowed.may.includes(imported.path)) return undefined;
  const list = allowed.may.join(', ') || 'none';
  return `${file}:${line}: ${layer.path} may not import ${imported.path}: ${name} (it may: ${list}). Move the code to where both may reach it, or change ${TABLE}.`;
};

/** What the table allows and nobody needs: a rule that is too wide refuses nothing. The files for everybody need no use. */
export const checkUnused = (files: Files, layers: readonly Layer[] = LAYERS): string[] => {
  const used = new Map<Layer, Set<string>>(layers.map((layer) => [layer, new Set()]));
  for (const [file, imports] of files) {
    const layer = layerOf(file, layers);
    if (layer === undefined) continue;
    for (const { name } of imports) {
      const target = targetOf(file, name);
      const imported = target === undefined ? packageOf(name) : layerOf(target.replace(/\.js$/, '.ts'), layers)?.path;
      if (imported !== undefined)
        used
          .get(layer)
          ?.add(imported.startsWith('node:') ? 'node:*' : imported)
          .add(imported);
    }
  }
  return layers.flatMap((layer) => {
    const allowed = [...layer.may, ...layer.packages, ...(layer.tests?.may ?? []), ...(layer.tests?.packages ?? [])];
    return allowed
      .filter((name) => !name.endsWith('src/*') && used.get(layer)?.has(name) !== true)
      .map((name) => `${TABLE}: ${layer.path} may import ${name}, and nothing there does. Take it out.`);
  });
};

/** Imports that the table does not allow, and files that belong to no layer. */
export const checkLayers = (files: Files, layers: readonly Layer[] = LAYERS): string[] =>
  [...files].flatMap(([file, imports]) => {
    const layer = layerOf(file, layers);
    if (layer === undefined) {
      return [`${file}:1: the file belongs to no layer. Move it into one, or give its folder a line in ${TABLE}.`];
    }
    return imports.flatMap((one) => faultOf(file, layer, one, layers) ?? []);
  });

type Edge = readonly [to: string, line: number];

/** The files that each file loads at once. What is only a type, or loaded when it is called for, makes no circle. */
const edgesOf = (files: Files): Map<string, Edge[]> => {
  const edges = new Map<string, Edge[]>();
  for (const [file, imports] of files) {
    const targets = imports.flatMap(({ name, line, typeOnly, deferred }): Edge[] => {
      const target = targetOf(file, name);
      if (target === undefined || typeOnly || deferred) return [];
      const source = files.has(target) ? target : target.replace(/\.([mc]?)js$/, '.$1ts');
      return files.has(source) ? [[source, line]] : [];
    });
    edges.set(file, targets);
  }
  return edges;
};

/** The shortest way from a file back to itself; undefined when there is none. */
const circleFrom = (start: string, edges: ReadonlyMap<string, readonly Edge[]>): string[] | undefined => {
  const cameFrom = new Map<string, string>();
  const open = [start];
  for (const file of open) {
    for (const [next] of edges.get(file) ?? []) {
      if (next === start) {
        const way = [start];
        for (let at = file; at !== start; at = cameFrom.get(at) as string) way.unshift(at);
        return [start, ...way];
      }
      if (cameFrom.has(next)) continue;
      cameFrom.set(next, file);
      open.push(next);
    }
  }
  return undefined;
};

/** Circles of files that load each other, each told once, at the first of its files. */
export const checkCircles = (files: Files): string[] => {
  const edges = edgesOf(files);
  const told = new Set<string>();
  const faults: string[] = [];
  for (const file of [...files.keys()].sort()) {
    if (told.has(file)) continue;
    const circle = circleFrom(file, edges);
    if (circle === undefined) continue;
    for (const member of circle) told.add(member);
    const line = edges.get(file)?.find(([to]) => to === circle[1])?.[1] ?? 1;
    faults.push(
      `${file}:${line}: circular import ${circle.join(' -> ')}. Move what both need into a file of its own, or import only its type.`,
    );
  }
  return faults;
};
