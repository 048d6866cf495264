import { type TSchema, Type } from '@sinclair/typebox';

/**
 * The part of SARIF 2.1.0 that the kit writes, closed: a member that is misspelt, or stands where the standard has none,
 * does not pass. It demands what GitHub demands beside that, such as a place for each result. The fixtures were also held
 * against the schema of the standard itself (errata 01), whose terms do not let us keep it here.
 */
const closed = (members: Record<string, TSchema>) => Type.Object(members, { additionalProperties: false });
const text = Type.String({ minLength: 1 });
const message = closed({ text });
const level = Type.Union(['none', 'note', 'warning', 'error'].map((name) => Type.Literal(name)));
/** Characters that may stand in a reference of a URI. */
const uri = Type.String({ pattern: "^[A-Za-z0-9._~!$&'()*+,;=:@/%-]+$" });
const physicalLocation = closed({
  artifactLocation: closed({ uri }),
  region: closed({ startLine: Type.Integer({ minimum: 1 }) }),
});
const bag = Type.Record(Type.String(), Type.Unknown());

const rule = closed({
  id: Type.String({ minLength: 1, maxLength: 255 }),
  shortDescription: closed({ text: Type.String({ minLength: 1, maxLength: 1_024 }) }),
  fullDescription: closed({ text: Type.String({ minLength: 1, maxLength: 1_024 }) }),
  help: closed({ text, markdown: text }),
  defaultConfiguration: closed({ level }),
  properties: Type.Intersect([bag, Type.Object({ tags: Type.Array(text, { uniqueItems: true, maxItems: 20 }) })]),
});

const result = closed({
  ruleId: text,
  ruleIndex: Type.Integer({ minimum: 0 }),
  level,
  kind: Type.Literal('fail'),
  message,
  locations: Type.Array(
    closed({
      physicalLocation,
      logicalLocations: Type.Array(closed({ fullyQualifiedName: text, kind: text }), { minItems: 1 }),
    }),
    { minItems: 1, maxItems: 1_000 },
  ),
  relatedLocations: Type.Optional(Type.Array(closed({ physicalLocation, message }), { minItems: 1 })),
  partialFingerprints: Type.Record(Type.String(), text),
  suppressions: Type.Optional(
    Type.Array(
      closed({
        kind: Type.Union([Type.Literal('inSource'), Type.Literal('external')]),
        status: Type.Union(['accepted', 'underReview', 'rejected'].map((name) => Type.Literal(name))),
        justification: text,
      }),
    ),
  ),
  properties: bag,
});

const invocation = closed({
  executionSuccessful: Type.Boolean(),
  exitCode: Type.Integer(),
  exitCodeDescription: text,
  startTimeUtc: Type.String({ pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?Z$' }),
  toolExecutionNotifications: Type.Array(closed({ level, message })),
});

export const SarifFormSchema = closed({
  $schema: Type.String({ pattern: '/sarif-2\\.1\\.0\\.json$' }),
  version: Type.Literal('2.1.0'),
  runs: Type.Array(
    closed({
      tool: closed({
        driver: closed({
          name: text,
          semanticVersion: Type.String({ pattern: '^\\d+\\.\\d+\\.\\d+' }),
          rules: Type.Array(rule, { uniqueItems: true }),
        }),
      }),
      automationDetails: closed({ id: Type.String({ pattern: '/$' }) }),
      invocations: Type.Array(invocation, { minItems: 1, maxItems: 1 }),
      results: Type.Array(result, { maxItems: 25_000 }),
      columnKind: Type.Union([Type.Literal('utf16CodeUnits'), Type.Literal('unicodeCodePoints')]),
      properties: bag,
    }),
    { minItems: 1, maxItems: 1 },
  ),
});
