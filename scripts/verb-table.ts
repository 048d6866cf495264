import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TObject } from '@sinclair/typebox';
import { packageRoot } from '../src/package-root.js';
import { VOCABULARY } from '../src/verbs/index.js';
import { CLIENT_VOCABULARY } from '../src/verbs/role-client/index.js';
import { withBlocks } from './blocks.js';

export const verbsFile: string = join(packageRoot, 'conformance', 'README.md');

interface Documented {
  name: string;
  example: string;
  schema: TObject;
}

/** Options that mean the same in every verb; the text above the table tells of them once. */
const EVERYWHERE: ReadonlySet<string> = new Set(['by', 'connection']);

const inTable = (text: string): string => text.replaceAll(/(?<!\\)\|/g, '\\|');

/** What happens, then what is told of single options. */
const explanation = ({ name, schema }: Documented): string => {
  const told = Object.entries(schema.properties)
    .filter(
      ([option, { title, description }]) =>
        title === undefined && description !== undefined && !EVERYWHERE.has(option) && option !== name,
    )
    .map(([option, { description }]) => `\`${option}\`: ${description}`);
  const own = schema.properties[name]?.description;
  return [schema.description, own, ...told].filter((text) => text !== undefined).join(' ');
};

const row = (verb: Documented): string => {
  const options = Object.keys(verb.schema.properties).filter((option) => option !== verb.name);
  const names = options.map((option) => `\`${option}\``).join(', ');
  return `| \`${verb.example}\` | ${names} | ${inTable(explanation(verb))} |`;
};

/** The verbs of an actor as a table, as their files describe them. */
export const verbTable = (verbs: Iterable<Documented>): string[] => [
  '| verb | options | what happens |',
  '|---|---|---|',
  ...[...verbs].map(row),
];

/** The guide to scenario scripts as it is, and as it has to be. */
export const renewedVerbs = (): { before: string; after: string } => {
  const before = readFileSync(verbsFile, 'utf8');
  const after = withBlocks(before, {
    'verbs of a client': verbTable(VOCABULARY.client.values()),
    'verbs on the subject': verbTable(VOCABULARY.subject.values()),
    'verbs on a client under test': verbTable(CLIENT_VOCABULARY.subject.values()),
    'verbs of the server that the kit plays': verbTable(CLIENT_VOCABULARY.server.values()),
  });
  return { before, after };
};
