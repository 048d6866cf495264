import { type TObject, type TProperties, Type } from '@sinclair/typebox';
import { verb } from '../../../schemas/script-values.js';
import type { ServerStageVerb } from '../../play/server/index.js';
import type { ActionOf } from '../define.js';

type Needed = Pick<ServerStageVerb, 'name' | 'perform'>;

/** What the file of a verb says. What is left out means: nothing of the kind. */
type Definition<P extends TProperties> = Partial<
  Omit<ServerStageVerb<ActionOf<P>>, 'name' | 'schema' | 'requirement' | 'perform'>
> & {
  name: keyof P & string;
  example: string;
  fields: P;
  /** What happens, for the table of verbs and for editors. */
  does: string;
  perform: ServerStageVerb<ActionOf<P>>['perform'];
};

/** A verb for a client under test: done to its bot, or by the server that the kit plays for it. */
export const defineVerb = <P extends TProperties>({ fields, does, ...facts }: Definition<P>): ServerStageVerb => {
  const own: Omit<ServerStageVerb, keyof Needed> = {
    example: facts.example,
    schema: verb(fields, does) as unknown as TObject,
    defines: () => undefined,
    uses: () => [],
    clients: () => [],
    waitMs: () => 0,
    needs: () => ({}),
    fills: [],
    verbatim: [],
    requirement: (action) => (typeof action.by === 'string' ? action.by : undefined),
  };
  return { ...own, ...facts } as unknown as ServerStageVerb;
};

/** Times that a fault strikes. */
export const times = Type.Optional(
  Type.Union([Type.Integer({ minimum: 1, maximum: 1_000 }), Type.Literal('always')], {
    description: 'For each message; default 1.',
  }),
);

export const timesOf = (given: number | 'always' | undefined): number =>
  given === 'always' ? Number.MAX_SAFE_INTEGER : (given ?? 1);
