import { Type } from '@sinclair/typebox';

const at = Type.Number({ minimum: 0, description: 'Milliseconds since the history began.' });
export const client = Type.String({
  description: 'Name of the client in the script; where a client is under test, that of the subject.',
});
export const conn = Type.Integer({ minimum: 1, description: 'Connection number, unique within the history.' });
export const node = Type.Optional(
  Type.Integer({ minimum: 1, description: 'Which node of a server with several. Absent: all, or the only one.' }),
);
export const message = Type.Optional(Type.String({ description: 'Label of the message in the script.' }));

/** An event of that kind, with its time. */
export const event = <K extends string, P extends Parameters<typeof Type.Object>[0]>(
  kind: K,
  fields: P,
  description: string,
) => Type.Object({ kind: Type.Literal(kind), at, ...fields }, { description });
