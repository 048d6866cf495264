import { DescriptionSchema } from '../schemas/index.js';
import type { OptionSpec } from '../src/options/option-spec.js';
import { OPTIONS } from '../src/options/option-table.js';

const texts = { type: 'array', items: { type: 'string' } };

/** What the kinds of options are in a file; see `checkConfig`, which is held against this by a test. */
const memberOf = ({ kind, range }: OptionSpec): Record<string, unknown> => {
  switch (kind) {
    case 'text':
      return { type: 'string' };
    case 'list':
      return { anyOf: [{ type: 'string' }, texts] };
    case 'switch':
      return { type: 'boolean' };
    case 'integer':
      return { type: 'integer', ...(range === undefined ? {} : { minimum: range[0], maximum: range[1] }) };
    case 'headers':
      return { type: 'object', additionalProperties: { type: 'string' } };
    case 'description':
      return { anyOf: [{ type: 'string' }, DescriptionSchema] };
  }
};

/** The JSON Schema of the configuration file: one member for each option, and nothing else. */
export const configJsonSchema = (): Record<string, unknown> => ({
  $id: 'https://im-conformance.dev/schemas/config.schema.json',
  title: 'Configuration',
  description: 'im-conformance.config.json or .yaml: options of the command line by their names without dashes.',
  type: 'object',
  additionalProperties: false,
  properties: {
    $schema: { type: 'string', description: 'Where this schema is, for editors.' },
    url: { type: 'string', description: 'WebSocket URL of the server.' },
    ...Object.fromEntries(OPTIONS.map((spec) => [spec.name, { ...memberOf(spec), description: spec.help }])),
  },
  examples: [
    { $schema: './node_modules/im-conformance/schemas/config.schema.json', url: 'ws://127.0.0.1:9001/' },
    { exec: 'node server.js --port {port} --data {data}', class: ['core', 'durable'], header: { 'X-Tenant': 'test' } },
    { describe: { protocol: 'im.ran.v1' }, patience: 1_000, 'allow-unproven': true },
  ],
});
