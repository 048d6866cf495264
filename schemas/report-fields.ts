import { Type } from '@sinclair/typebox';
import { ROLES } from './subject.js';
import { SUBJECT_CLASSES } from './wire.js';

/** No other field. */
export const closed = { additionalProperties: false } as const;
/** One of these names. */
export const oneOf = <N extends string>(names: readonly N[]) => Type.Union(names.map((name) => Type.Literal(name)));
export const role = Type.Union(
  ROLES.map((name) => Type.Literal(name)),
  { description: 'What the subject is in the protocol: the kit plays the other side.' },
);
export const subjectClass = oneOf(SUBJECT_CLASSES);
/** The keyword of a requirement. */
export const level = Type.Union([Type.Literal('MUST'), Type.Literal('SHOULD'), Type.Literal('MAY')]);
