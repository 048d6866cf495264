import type { TObject, TSchema } from '@sinclair/typebox';
import { CONTROL_VERBS, ScenarioFileSchema } from '../schemas/index.js';
import { VOCABULARY } from '../src/verbs/index.js';

type Json = Record<string, unknown>;

const schemasOf = (verbs: ReadonlyMap<string, { schema: TObject }>): Record<string, TObject> =>
  Object.fromEntries([...verbs].map(([name, { schema }]) => [name, schema]));
const CLIENT_VERBS = schemasOf(VOCABULARY.client);
const SUBJECT_VERBS = schemasOf(VOCABULARY.subject);

/**
 * A choice of verbs that an editor explains well: each form is asked for only when its verb is there, so a typo in
 * an option is told as such, and not as "fits none of twenty forms".
 */
const oneOfVerbs = (verbs: Record<string, TSchema>, extra: Json = {}): Json => {
  const names = Object.keys(verbs);
  const members = Object.assign({}, ...Object.values(verbs).map((verb) => (verb as TObject).properties)) as Json;
  return {
    type: 'object',
    // Only names, for completion; what each may hold is said by the form of its verb.
    properties: Object.fromEntries(Object.keys(members).map((name) => [name, true])),
    oneOf: names.map((name) => ({ required: [name] })),
    // biome-ignore lint/suspicious/noThenProperty: a JSON Schema keyword
    allOf: names.map((name) => ({ if: { required: [name] }, then: { $ref: `#/$defs/verb-${name}` } })),
    ...extra,
  };
};

const steps = (schema: Json, minItems: number): Json => ({
  ...schema,
  type: 'array',
  minItems,
  items: { $ref: '#/$defs/step' },
});

/** The control verbs hold steps again: TypeBox leaves them open, the published schema does not. */
const controlVerbs = (): Record<string, TSchema> => {
  const { together, repeat, sweep } = CONTROL_VERBS;
  return {
    ...CONTROL_VERBS,
    together: { ...together, properties: { together: steps({}, 2) } } as unknown as TObject,
    sweep: { ...sweep, properties: { ...sweep.properties, steps: steps({}, 1) } } as unknown as TObject,
    repeat: { ...repeat, properties: { ...repeat.properties, steps: steps({}, 1) } } as unknown as TObject,
  };
};

const PLACEHOLDER = { type: 'string', pattern: '\\{[a-z][A-Za-z0-9]*\\}', description: 'A value of the matrix.' };

/** In a file, any option may still hold a `{placeholder}` of the matrix; the kit checks it after filling it in. */
const asWritten = (verb: TSchema): Json => {
  const properties = Object.entries((verb as TObject).properties as Record<string, Json>).map(([name, schema]) => {
    const { title, description, ...form } = schema;
    const told = { ...(title === undefined ? {} : { title }), ...(description === undefined ? {} : { description }) };
    return [name, { ...told, anyOf: [form, { $ref: '#/$defs/placeholder' }] }];
  });
  return { ...verb, properties: Object.fromEntries(properties) };
};

/** The scenario schema with its steps: one client name, `subject`, or a control verb. */
export const scenarioJsonSchema = (): Json => {
  const control = controlVerbs();
  const verbs: Record<string, TSchema> = { ...CLIENT_VERBS, ...SUBJECT_VERBS, ...control };
  const controlNames = Object.keys(control);
  const { script, ...properties } = ScenarioFileSchema.properties;
  return {
    ...ScenarioFileSchema,
    properties: { ...properties, script: steps(script as unknown as Json, 1) },
    $defs: {
      placeholder: PLACEHOLDER,
      step: {
        title: 'Step',
        description: 'What one client does, what happens to the subject, or a step that orders other steps.',
        type: 'object',
        if: { anyOf: controlNames.map((name) => ({ required: [name] })) },
        // biome-ignore lint/suspicious/noThenProperty: a JSON Schema keyword
        then: { $ref: '#/$defs/controlStep' },
        else: {
          minProperties: 1,
          maxProperties: 1,
          properties: { subject: { $ref: '#/$defs/subjectAction' } },
          patternProperties: { '^(?!subject$)[a-z][A-Za-z0-9-]{0,23}$': { $ref: '#/$defs/clientAction' } },
          additionalProperties: false,
        },
      },
      clientAction: oneOfVerbs(CLIENT_VERBS, { description: 'What a client of the kit does: one verb.' }),
      subjectAction: oneOfVerbs(SUBJECT_VERBS, { description: 'What happens to the process under test: one verb.' }),
      controlStep: oneOfVerbs(control),
      ...Object.fromEntries(Object.entries(verbs).map(([name, verb]) => [`verb-${name}`, asWritten(verb)])),
    },
  };
};
