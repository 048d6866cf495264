import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { RESTS_ON, SERVER_CLASSES } from '../schemas/index.js';
import { KitError } from '../src/errors.js';
import { LEVELS, type Ledger, PARTIES, type Requirement } from '../src/ledger/index.js';
import { packageRoot } from '../src/package-root.js';

const MEMBERS = ['id', 'level', 'role', 'class', 'section', 'sentence', 'unobserved', 'reason', 'rests'];
const ID = /^IM-(\d+(?:\.\d+)?)-[1-9]\d*$/;
const KEYWORD = /\b(MUST|SHOULD|MAY|SHALL|REQUIRED|RECOMMENDED|OPTIONAL)\b/g;

/** Everything that is wrong with one entry, without its place. */
const faultsOf = (entry: Record<string, string>): string[] => {
  const faults = Object.keys(entry)
    .filter((name) => !MEMBERS.includes(name))
    .map((name) => `unknown member "${name}", use ${MEMBERS.join(', ')}`);
  for (const name of MEMBERS.slice(0, 6)) if (!entry[name]) faults.push(`"${name}" is missing`);
  if (faults.length > 0) return faults;
  const { id = '', level = '', role = '', section = '', sentence = '' } = entry;
  const oneOf = (name: string, allowed: readonly string[]) => {
    if (!allowed.includes(entry[name] ?? '')) faults.push(`"${name}" must be one of ${allowed.join(', ')}`);
  };
  oneOf('level', LEVELS);
  oneOf('role', PARTIES);
  oneOf('class', role === 'server' ? SERVER_CLASSES : role === 'client' ? ['core'] : [role, 'durable']);
  const idSection = ID.exec(id)?.[1];
  if (idSection === undefined) faults.push(`id "${id}" must look like IM-4.2-3`);
  else if (idSection !== section) faults.push(`id "${id}" does not belong to section "${section}"`);
  const keywords = sentence.match(KEYWORD) ?? [];
  if (keywords.length !== 1) faults.push(`the sentence must hold one keyword, it holds ${keywords.length}`);
  else if (keywords[0] !== level) faults.push(`the sentence says ${keywords[0]}, the level ${level}`);
  if (!sentence.endsWith('.')) faults.push('the sentence must end with a full stop');
  return faults;
};

/** What a requirement rests on is a list; of servers it is always there. */
const restsFaults = (entry: Record<string, unknown>): string[] => {
  const { role, rests } = entry;
  if (role !== 'server') return rests === undefined ? [] : ['"rests" belongs to requirements of a server'];
  if (!Array.isArray(rests) || rests.length === 0) return ['"rests" is missing'];
  const unknown = rests.filter((item) => !RESTS_ON.some((known) => known === item));
  return unknown.map((item) => `"rests" names "${item}", use ${RESTS_ON.join(', ')}`);
};

const entryOf = (node: unknown): Record<string, string> | string => {
  if (!isMap(node)) return 'an entry must be a map';
  const entry: Record<string, string> = {};
  for (const { key, value } of node.items) {
    if (String(key) === 'rests' && isSeq(value)) {
      Object.assign(entry, { rests: value.toJSON() });
      continue;
    }
    if (!isScalar(value) || typeof value.value !== 'string') return `"${key}" must be text`;
    entry[String(key)] = value.value.trim();
  }
  return entry;
};

/**
 * Reads a ledger from text. `file` only names it in errors.
 * Throws a KitError of code `kit` that lists every fault as `file:line: what is wrong`.
 */
export const parseLedger = (text: string, file: string): Ledger => {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const faults: string[] = [];
  const complain = (line: number, fault: string) => faults.push(`${file}:${line}: ${fault}`);
  for (const error of document.errors)
    complain(error.linePos?.[0].line ?? 1, error.message.split('\n')[0] ?? 'bad YAML');
  const list = document.contents;
  if (faults.length === 0 && !isSeq(list)) complain(1, 'the ledger must be a list of requirements');
  const byId = new Map<string, Requirement>();
  for (const node of isSeq(list) && faults.length === 0 ? (list.items as Node[]) : []) {
    const { line } = lines.linePos(node.range?.[0] ?? 0);
    const entry = entryOf(node);
    const found = typeof entry === 'string' ? [entry] : [...faultsOf(entry), ...restsFaults(entry)];
    for (const fault of found) complain(line, fault);
    if (typeof entry === 'string' || found.length > 0) continue;
    const requirement = { ...entry, line } as unknown as Requirement;
    const earlier = byId.get(requirement.id);
    if (earlier) complain(line, `id "${requirement.id}" repeats the one of line ${earlier.line}`);
    else byId.set(requirement.id, requirement);
  }
  if (faults.length > 0) {
    throw new KitError('kit', `the ledger of requirements is broken:\n${faults.join('\n')}`, `Repair ${file}.`);
  }
  return { requirements: [...byId.values()], byId };
};

const FILE = 'spec/requirements.yaml';

/** The ledger as it is written: what `loadLedger` gives once `npm run generate` has run. */
export const readLedger = (): Ledger => parseLedger(readFileSync(join(packageRoot, FILE), 'utf8'), FILE);
