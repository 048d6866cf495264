import { type Static, Type } from '@sinclair/typebox';
import { type Role, SUBJECT_CLASSES } from '../../schemas/index.js';
import { PatchSchema } from '../patching/patch.js';

const closed = { additionalProperties: false } as const;
const habit = (description: string) => Type.Optional(Type.Integer({ minimum: 1, description }));

/**
 * A correct server or client that behaves as differently as the specification allows, as data. The kit must find
 * nothing wrong with it. It is the reference server or the bot of the client library with changes of text or other
 * options, or a program of its own.
 */
export const VariantSchema = Type.Object(
  {
    id: Type.String({ pattern: '^[a-z0-9]+(-[a-z0-9]+)*$', maxLength: 60 }),
    role: Type.Optional(Type.Literal('client', { description: 'It is a client; without it, a server.' })),
    differs: Type.String({ minLength: 20, description: 'What this subject does in its own way, in one sentence.' }),
    allowedBy: Type.Object(
      {
        section: Type.String({ pattern: '^[1-9](\\.[0-9]+)*$', description: 'Section of the specification.' }),
        text: Type.String({ minLength: 20, description: 'What stands there word for word, and leaves the freedom.' }),
      },
      closed,
    ),
    lacks: Type.Optional(
      Type.Array(Type.Union(SUBJECT_CLASSES.map((name) => Type.Literal(name))), {
        minItems: 1,
        uniqueItems: true,
        description: 'Classes that forbid what it does: it does not claim them.',
      }),
    ),
    warns: Type.Optional(
      Type.Array(Type.String({ pattern: '^IM-[0-9]+(\\.[0-9]+)?-[0-9]+$' }), {
        minItems: 1,
        uniqueItems: true,
        description: 'Requirements with SHOULD that it does not keep: a warning about them is no false alarm.',
      }),
    ),
    options: Type.Optional(
      Type.String({ pattern: '^--[a-z0-9, -]+$', description: 'Options of the program: timers, limits.' }),
    ),
    program: Type.Optional(
      Type.String({
        pattern: '^examples/[a-z0-9/-]+\\.(js|py)$',
        description: 'Started instead of the reference server or the bot, with what it must know in the environment.',
      }),
    ),
    patch: Type.Optional(Type.Array(PatchSchema, { minItems: 1 })),
    network: Type.Optional(
      Type.Object(
        {
          delayMs: habit('Each way.'),
          jitterMs: habit('Up to so much more, each way, by chance.'),
          bytesPerSecond: habit('Each way, for all connections together.'),
          stallMs: habit('For so long nothing crosses it, once in `stallEveryMs`.'),
          stallEveryMs: habit('How often it stands still.'),
        },
        {
          ...closed,
          description: 'What lies between the kit and the server: a network that is not that of one machine.',
        },
      ),
    ),
    proxy: Type.Optional(
      Type.Union([Type.Literal('nginx'), Type.Literal('haproxy')], {
        description: 'Stands before it, and ends TLS. A machine without that program does not test the variant.',
      }),
    ),
    cluster: Type.Optional(
      Type.Union([Type.Literal('etcd'), Type.Literal('sql')], {
        description:
          'The reference server on three nodes, and what they share: it plays class `replicated`. Not where that is missing.',
      }),
    ),
    byUrl: Type.Optional(
      Type.Literal(true, { description: 'The kit does not start it: it is given its url, and may kill nothing.' }),
    ),
    kitOptions: Type.Optional(
      Type.Array(Type.String(), { minItems: 1, description: 'Further options of the kit, word by word.' }),
    ),
  },
  closed,
);

export type Variant = Static<typeof VariantSchema>;

export const VariantsSchema = Type.Array(VariantSchema, { minItems: 1 });

/** What a variant is in the protocol. */
export const roleOf = ({ role }: Pick<Variant, 'role'>): Role => role ?? 'server';
