import type { Static, TObject, TProperties } from '@sinclair/typebox';
import { verb } from '../../schemas/script-values.js';
import type { ClientVerb, SubjectVerb } from '../play/index.js';

/** A step as the schema of its verb allows it. */
export type ActionOf<P extends TProperties> = Static<TObject<P>> & { verb: string };

/** What the file of a verb says. Its schema is made of `fields`, the member of its own name first. */
type Definition<P extends TProperties, V> = Omit<V, 'name' | 'schema' | 'requirement'> & {
  name: keyof P & string;
  fields: P;
  /** What happens, for the table of verbs and for editors. */
  does: string;
};

const complete = <P extends TProperties, D extends { fields: P; does: string }>({ fields, does, ...facts }: D) => ({
  ...facts,
  schema: verb(fields, does),
  // `by` means the same wherever it stands.
  requirement: (action: { by?: unknown }) => (typeof action.by === 'string' ? action.by : undefined),
});

/** A verb of a client that the kit plays. */
export const defineClientVerb = <P extends TProperties>(
  definition: Definition<P, ClientVerb<ActionOf<P>>>,
): ClientVerb => complete<P, typeof definition>(definition) as ClientVerb;

/** A verb that is done to the subject, or that looks at it. */
export const defineSubjectVerb = <P extends TProperties>(
  definition: Definition<P, SubjectVerb<ActionOf<P>>>,
): SubjectVerb => complete<P, typeof definition>(definition) as SubjectVerb;

/** It sends no new message. */
export const nothingNew = () => undefined;
/** It names no message. */
export const noLabels = (): string[] => [];
/** It names no other client. */
export const nobody = (): string[] => [];
/** It does not wait, or only for what a server may do at once. */
export const noWait = () => 0;
/** Any kit can do it to any subject. */
export const nothing = () => ({});

/** The verbs of a list, by their names, in its order. */
export const byName = <V extends { name: string }>(verbs: readonly V[]): ReadonlyMap<string, V> =>
  new Map(verbs.map((one) => [one.name, one]));
