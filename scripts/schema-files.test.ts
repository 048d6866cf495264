import { Ajv2020 } from 'ajv/dist/2020.js';
import t from 'tap';
import { schemaFiles, staleFiles } from './schema-files.js';

const files = schemaFiles();
const ajv = new Ajv2020({
  strict: true,
  strictTypes: false,
  strictRequired: false,
  allErrors: true,
  formats: { uri: true },
});

t.test('every published schema stands alone and accepts its own examples', async (t) => {
  t.equal(files.size, 14);
  for (const [name, text] of files) {
    const schema = JSON.parse(text);
    t.equal(schema.$schema, 'https://json-schema.org/draft/2020-12/schema', name);
    t.match(schema.$id, new RegExp(`/${name}$`), name);
    const validate = ajv.compile(schema);
    t.ok(schema.examples?.length > 0 || name.startsWith('report'), `${name} has examples`);
    for (const example of schema.examples ?? []) t.ok(validate(example), `${name}: ${JSON.stringify(validate.errors)}`);
  }
});

t.test('the scenario schema describes the steps', async (t) => {
  const schema = JSON.parse(files.get('scenario.schema.json') ?? '');
  const validate = new Ajv2020({ strictTypes: false, strictRequired: false, allErrors: true }).compile(schema);
  const check = (...script: unknown[]) =>
    validate({ scenario: 'A test of steps', class: 'core', proves: ['IM-1-1'], clients: ['alice', 'bob'], script });
  const good: unknown[] = [
    { alice: { connects: true } },
    { alice: { sends: 'm1..m{n}', to: 'bob', body: { bytes: '{n}' } } },
    { bob: { gets: '{packet}', of: 'm1' } },
    { bob: { getsNo: 'msg:N', of: 'm1', for: '2 x redeliverAfterMs', by: 'IM-3-5' } },
    { subject: { crashes: true, when: { client: 'alice', gets: 'msg:A' } } },
    { together: [{ alice: { sends: 'm1', to: 'bob' } }, { subject: { restarts: true } }] },
    { repeat: 3, steps: [{ insert: 'fault' }] },
    { waits: '2 x redeliverAfterMs', because: 'the timer must pass once' },
  ];
  for (const step of good) t.ok(check(step), `${JSON.stringify(step)} ${JSON.stringify(validate.errors)}`);
  const bad: unknown[] = [
    7,
    {},
    { alice: {} },
    { alice: { jumps: true } },
    { alice: { sends: 'm1' } },
    { alice: { sends: 'm1', to: 'bob', colour: 'red' } },
    { alice: { sends: 'm1', to: 'bob', acks: 'm1' } },
    { alice: { connects: true }, bob: { connects: true } },
    { subject: { connects: true } },
    { alice: { crashes: true } },
    { Alice: { connects: true } },
    { together: [{ alice: { jumps: true } }, { alice: { connects: true } }] },
    { repeat: 2 },
    { waits: 5, because: 'short' },
  ];
  for (const step of bad) t.notOk(check(step), JSON.stringify(step));
});

t.test('stale files are named', async (t) => {
  const two = new Map([
    ['a.schema.json', 'A'],
    ['b.schema.json', 'B'],
  ]);
  t.same(
    staleFiles(two, ['a.schema.json', 'c.schema.json'], (name) => (name.startsWith('a') ? 'old' : undefined)),
    ['a.schema.json is stale', 'b.schema.json is missing', 'c.schema.json belongs to no schema'],
  );
  t.same(
    staleFiles(two, [...two.keys()], (name) => two.get(name)),
    [],
  );
});
