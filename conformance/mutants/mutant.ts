import { type Static, Type } from '@sinclair/typebox';
import { SERVER_CLASSES } from '../../schemas/index.js';
import { PatchSchema } from '../patching/patch.js';

const closed = { additionalProperties: false } as const;

/** A broken reference server or client, as data: one small realistic fault, and what must catch it. */
export const MutantSchema = Type.Object(
  {
    id: Type.String({ pattern: '^[a-z0-9]+(-[a-z0-9]+)*$', maxLength: 60 }),
    fault: Type.String({ minLength: 20, description: 'What this server or client does wrong, in one sentence.' }),
    requirement: Type.String({
      pattern: '^IM-[0-9]+(\\.[0-9]+)?-[0-9]+$',
      description: 'The requirement that it breaks, and that the failure must name.',
    }),
    caughtBy: Type.String({ minLength: 1, description: 'Id of the scenario that must fail, or a glob over ids.' }),
    words: Type.String({
      minLength: 3,
      description:
        'Text that the failure must contain. Of a step that was missed only what was seen, and where, counts: the rest stands in the script.',
    }),
    equivalents: Type.Optional(
      Type.Array(
        Type.Object(
          {
            requirement: Type.String({ pattern: '^IM-[0-9]+(\\.[0-9]+)?-[0-9]+$' }),
            because: Type.String({ minLength: 20, description: 'Why it is the same fault, seen from outside.' }),
          },
          closed,
        ),
        {
          minItems: 1,
          description: 'Requirements that the first failure may name instead: the fault breaks them as well, or alone.',
        },
      ),
    ),
    classes: Type.Optional(
      Type.Array(Type.Union(SERVER_CLASSES.map((name) => Type.Literal(name))), {
        minItems: 1,
        uniqueItems: true,
        description: 'The classes to test instead of those that the server claims.',
      }),
    ),
    options: Type.Optional(
      Type.String({
        pattern: '^--[a-z0-9, -]+$',
        description:
          'Further options of `im-conformance serve`: other classes, timers or limits. With `--jwt-secret` the kit signs its tokens with that secret.',
      }),
    ),
    tls: Type.Optional(
      Type.Literal(true, {
        description: 'The server has the certificate that lies beside the catalogue, and speaks TLS.',
      }),
    ),
    subtle: Type.Optional(
      Type.String({
        minLength: 20,
        description:
          'Where one run of the kit may miss the fault: what has to coincide. Such a mutant is tested several times.',
      }),
    ),
    patienceMs: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 10_000,
        description:
          'Where the scenario moves so much that the kit itself may stand still. Default: as little as most need.',
      }),
    ),
    needs: Type.Optional(
      Type.Union([Type.Literal('clock'), Type.Literal('etcd')], {
        description:
          '`clock`: its scenario sets the clock of the subject. `etcd`: it runs as a cluster of three nodes. Where that cannot be done, the mutant is not tested.',
      }),
    ),
    patch: Type.Array(PatchSchema, { minItems: 1 }),
  },
  closed,
);

export type Mutant = Static<typeof MutantSchema>;

export const CatalogueSchema = Type.Array(MutantSchema, { minItems: 1 });
