import { Ajv2020 } from 'ajv/dist/2020.js';
import t from 'tap';
import { OPTIONS } from '../src/options/option-table.js';
import { checkConfig } from '../src/options/settings.js';
import { schemaFiles } from './schema-files.js';

const schema = JSON.parse(schemaFiles().get('config.schema.json') ?? '');
const validate = new Ajv2020({ allErrors: true, strictTypes: false, formats: { uri: true } }).compile(schema);

const accepted = (config: unknown): boolean => {
  try {
    checkConfig(config, 'c.json');
    return true;
  } catch {
    return false;
  }
};

/** A value of every type that JSON has, and both ends of every range. */
const VALUES: readonly unknown[] = [
  'text',
  ['a', 'b'],
  [1],
  true,
  0,
  1,
  1.5,
  2,
  64,
  65,
  1_000_000_000,
  { 'X-A': 'b' },
  { 'X-A': 1 },
  null,
];

t.test('an editor and the kit say the same of every option and value', async (t) => {
  for (const { name, kind } of [...OPTIONS, { name: 'url', kind: 'text' }, { name: '$schema', kind: 'text' }]) {
    for (const value of VALUES) {
      // What is in a description is checked where it is used.
      if (kind === 'description' && typeof value === 'object' && !Array.isArray(value) && value !== null) continue;
      const config = { [name]: value };
      t.equal(validate(config), accepted(config), JSON.stringify(config));
    }
  }
  for (const config of [{ exce: 'node' }, [], 'x']) t.same([validate(config), accepted(config)], [false, false]);
});
