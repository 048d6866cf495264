import type { TObject, TSchema } from '@sinclair/typebox';
import t from 'tap';
import { clientName, label, messages } from '../../schemas/script-values.js';
import { VOCABULARY } from './index.js';

const ACTORS = ['client', 'subject'] as const;

/** Whether a value of that schema is, or holds, one of the shared schema. */
const holds = (schema: TSchema, shared: TSchema): boolean => {
  const plain = JSON.stringify(schema);
  return plain.includes(JSON.stringify(shared).slice(1, -1));
};

t.test('every verb is named as its first member, and written so in its example', async (t) => {
  for (const actor of ACTORS) {
    for (const [name, verb] of VOCABULARY[actor]) {
      t.equal(Object.keys(verb.schema.properties)[0], name);
      t.ok(verb.example.startsWith(`${name}: `), verb.example);
      t.equal(verb.schema.additionalProperties, false, `${name} is closed`);
      for (const option of verb.verbatim) t.ok(option in verb.schema.properties, `${name} has ${option}`);
    }
  }
});

/** A step in which every option is there, as far as labels and clients are concerned. */
const filled = ({ properties }: TObject): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(properties).map(([option, schema]) => {
      if (option === 'of' || option === 'sameIdAs' || holds(schema, label)) return [option, labelled(schema, option)];
      if (holds(schema, clientName))
        return [option, option === 'query' ? { of: `client-${option}` } : `client-${option}`];
      return [option, undefined];
    }),
  );

const labelled = (schema: TSchema, option: string): unknown =>
  holds(schema, clientName) ? { client: `client-${option}`, gets: 'msg:A', of: `m-${option}1` } : `m-${option}1`;

t.test('no verb forgets a message or a client that one of its options names', async (t) => {
  for (const actor of ACTORS) {
    for (const [name, verb] of VOCABULARY[actor]) {
      const options = filled(verb.schema);
      const action = { verb: name, ...options };
      const sent = verb.defines(action);
      const named = [...(sent?.labels ?? []), ...verb.uses(action), ...verb.clients(action), sent?.to];
      for (const [option, value] of Object.entries(options)) {
        if (value === undefined) continue;
        const words = typeof value === 'string' ? [value] : Object.values(value as object).filter((w) => w !== 'msg:A');
        for (const word of words) t.ok(named.includes(word), `${name} tells of ${option}: ${word}`);
      }
    }
  }
  t.ok(holds(messages, label));
});
