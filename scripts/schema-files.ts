import {
  BotWordSchema,
  DescriptionSchema,
  DialectFileSchema,
  HistoryEventSchema,
  PACKET_SCHEMAS,
  ReportSchema,
  SelfTestSchema,
} from '../schemas/index.js';
import { configJsonSchema } from './config-json-schema.js';
import { scenarioJsonSchema } from './scenario-json-schema.js';

const DIALECT = 'https://json-schema.org/draft/2020-12/schema';

/** A schema inside another one must not claim its own `$id`: each published file stands alone. */
const withoutInnerIds = (value: unknown, depth = 0): unknown => {
  if (Array.isArray(value)) return value.map((item) => withoutInnerIds(item, depth + 1));
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).filter(([name, member]) => {
    return depth === 0 || name !== '$id' || typeof member !== 'string';
  });
  return Object.fromEntries(members.map(([name, member]) => [name, withoutInnerIds(member, depth + 1)]));
};

const render = (schema: Record<string, unknown>): [name: string, text: string] => {
  const { $id, ...rest } = withoutInnerIds(schema) as Record<string, unknown>;
  if (typeof $id !== 'string') throw new Error('a published schema has no $id');
  return [$id.slice($id.lastIndexOf('/') + 1), `${JSON.stringify({ $schema: DIALECT, $id, ...rest }, null, 1)}\n`];
};

/** File name → text of every published JSON Schema. */
export const schemaFiles = (): Map<string, string> =>
  new Map([
    ...Object.values(PACKET_SCHEMAS).map(render),
    ...[BotWordSchema, DescriptionSchema, DialectFileSchema, HistoryEventSchema, ReportSchema, SelfTestSchema].map(
      render,
    ),
    render(scenarioJsonSchema()),
    render(configJsonSchema()),
  ]);

/** What keeps a folder from being what `files` says, one line each. `read` gives undefined for a file that is not there. */
export const staleFiles = (
  files: ReadonlyMap<string, string>,
  present: readonly string[],
  read: (name: string) => string | undefined,
): string[] => {
  const problems: string[] = [];
  for (const [name, text] of files) {
    const found = read(name);
    if (found === undefined) problems.push(`${name} is missing`);
    else if (found !== text) problems.push(`${name} is stale`);
  }
  for (const name of present) if (!files.has(name)) problems.push(`${name} belongs to no schema`);
  return problems;
};
