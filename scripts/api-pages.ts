import { join } from 'node:path';
import * as schemas from '../schemas/index.js';
import { packageRoot } from '../src/package-root.js';
import { type ApiEntry, apiOf, compilerOf } from './api-model.js';
import { wrapMarkdown } from './prose.js';

/** An entry of the package, and its page. */
interface Page {
  file: string;
  source: string;
  title: string;
  about: string;
}

export const API_PAGES: readonly Page[] = [
  {
    file: 'docs/api/index.md',
    source: 'src/index.ts',
    title: 'im-conformance',
    about:
      "Everything that `import … from 'im-conformance'` gives. [Use the kit from a program](../embedding.md) shows how it goes together; [im-conformance/client](client.md) has a page of its own.",
  },
  {
    file: 'docs/api/client.md',
    source: 'src/reference/client/node.ts',
    title: 'im-conformance/client',
    about:
      "Everything that `import … from 'im-conformance/client'` gives in Node. [The client library](../client-api.md) shows how to use it. Browsers have `indexedDbStorage` in the place of the two storages in folders.",
  },
];

const SECTIONS: readonly [kind: ApiEntry['kind'], title: string][] = [
  ['function', 'Functions'],
  ['class', 'Classes'],
  ['constant', 'Constants'],
  ['type', 'Types'],
];

/** Published files of schemas, by the name of their type. */
const FILES: Readonly<Record<string, string>> = {
  AckA: 'ack-a',
  AckN: 'ack-n',
  AckR: 'ack-r',
  Description: 'description',
  HistoryEvent: 'history-event',
  MsgA: 'msg-a',
  MsgN: 'msg-n',
  MsgR: 'msg-r',
  Report: 'report',
};

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

interface Schema {
  const?: string | number | boolean;
  anyOf?: Schema[];
  type?: string;
  items?: Schema;
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
}

/** The type of a schema as TypeScript would write it, as far as one line tells it. */
const typeOf = ({ const: value, anyOf, type, items }: Schema): string => {
  if (value !== undefined) return typeof value === 'string' ? `'${value}'` : String(value);
  if (anyOf !== undefined) return [...new Set(anyOf.map(typeOf))].join(' | ');
  if (type === 'array') return items?.anyOf === undefined ? `${typeOf(items ?? {})}[]` : `(${typeOf(items)})[]`;
  return type === 'integer' ? 'number' : (type ?? 'unknown');
};

const table = (rows: readonly (readonly [name: string, type: string, text: string])[]): string[] =>
  rows.length === 0
    ? []
    : [
        '',
        '| member | type | meaning |',
        '|---|---|---|',
        ...rows.map(
          ([name, type, text]) => `| \`${cell(name)}\` | ${type === '' ? '' : `\`${cell(type)}\``} | ${cell(text)} |`,
        ),
      ];

/** Members of a type that is made from a schema: what they mean stands there, and their types in its file. */
const schemaRows = (name: string): [string, string, string][] => {
  const { properties = {}, required = [] } = ((schemas as Record<string, unknown>)[name] ?? {}) as Schema;
  return Object.entries(properties).map(([member, schema]) => [
    required.includes(member) ? member : `${member}?`,
    typeOf(schema),
    schema.description ?? '',
  ]);
};

const entryLines = ({ name, code, text, example, members, schema }: ApiEntry): string[] => [
  '',
  `### ${name}`,
  '',
  // Where a table tells it all, the head of a type says nothing more.
  ...(schema === undefined ? ['```ts', code, '```', ''] : []),
  ...text.split('\n'),
  ...(FILES[name] === undefined
    ? []
    : ['', `Its schema is published: \`im-conformance/schemas/${FILES[name]}.schema.json\`.`]),
  ...table(
    schema === undefined
      ? members.map((member) => [`${member.name}${member.optional ? '?' : ''}`, member.type, member.text])
      : schemaRows(schema),
  ),
  ...(example === undefined ? [] : ['', '```js', example, '```']),
];

const pageText = ({ title, about }: Page, entries: readonly ApiEntry[]): string => {
  const lines = [`# ${title}`, '', '<!-- Generated from the docstrings by `npm run generate`. -->', '', about];
  for (const [kind, heading] of SECTIONS) {
    const members = entries.filter((entry) => entry.kind === kind);
    if (members.length > 0) lines.push('', `## ${heading}`, ...members.flatMap(entryLines));
  }
  return `${wrapMarkdown(lines.join('\n').trimEnd())}\n`;
};

/** The pages by their files, and what keeps strangers from understanding an export, one line each. */
export const apiPages = (): { pages: Map<string, string>; problems: string[] } => {
  const sources = API_PAGES.map(({ source }) => join(packageRoot, source));
  const program = compilerOf(sources);
  const pages = new Map<string, string>();
  const problems: string[] = [];
  for (const page of API_PAGES) {
    const { entries, problems: found } = apiOf(program, join(packageRoot, page.source));
    pages.set(page.file, pageText(page, entries));
    problems.push(...found.map((problem) => `${page.source}: ${problem}`));
  }
  return { pages, problems };
};
