import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { KitError } from '../errors.js';

type Path = readonly (string | number)[];

/** A parsed YAML file that can say on which line a member stands. */
export interface Source {
  file: string;
  value: unknown;
  /** Line of the deepest existing node on the path, from 1. */
  lineOf(path: Path): number;
  /** An error that names file and line. */
  fault(path: Path, problem: string, remedy: string): KitError;
}

/** Reads a YAML (or JSON) file. Throws a usage KitError when it is missing or malformed. */
export const readSource = (path: string, shownAs = path): Source => {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new KitError('usage', `${shownAs}: cannot be read`, 'Check the path and its permissions.', { cause });
  }
  return parseSource(text, shownAs);
};

/** The reader of YAML takes longer to load than most commands need in all: only who reads a file loads it. */
const loadYaml = () => createRequire(import.meta.url)('yaml') as typeof import('yaml');

export const parseSource = (text: string, file: string): Source => {
  const { isNode, LineCounter, parseDocument } = loadYaml();
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [error] = document.errors;
  if (error) {
    const { line } = lines.linePos(error.pos[0]);
    throw new KitError('usage', `${file}:${line}: ${error.message}`, 'Correct the YAML.');
  }
  const lineOf = (path: Path): number => {
    for (let length = path.length; length >= 0; length--) {
      const node = document.getIn(path.slice(0, length), true);
      if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
    }
    return 1;
  };
  return {
    file,
    value: document.toJS(),
    lineOf,
    fault: (path, problem, remedy) => new KitError('usage', `${file}:${lineOf(path)}: ${problem}`, remedy),
  };
};
