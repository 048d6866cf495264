import { Type } from '@sinclair/typebox';
import { CLIENT_CLASSES, SERVER_CLASSES, SUBJECT_CLASSES, type SubjectClass } from './wire.js';

/** What a subject is in the protocol: the kit plays the other side. */
export const ROLES = ['server', 'client'] as const;
/** What a subject is in the protocol. */
export type Role = (typeof ROLES)[number];

/** What a subject of a role may claim. */
export const CLASSES_OF: Readonly<Record<Role, readonly SubjectClass[]>> = {
  server: SERVER_CLASSES,
  client: CLIENT_CLASSES,
};

export const SubjectSchema = Type.Object(
  {
    role: Type.Union(ROLES.map((name) => Type.Literal(name))),
    classes: Type.Array(Type.Union(SUBJECT_CLASSES.map((name) => Type.Literal(name)))),
    can: Type.Optional(
      Type.Array(Type.String(), { description: 'What the bot of a client says that it can do beside the rest.' }),
    ),
    serves: Type.Optional(
      Type.Array(Type.Union(SERVER_CLASSES.map((name) => Type.Literal(name))), {
        description:
          'What it claims beyond the classes that are tested: it is held to none of it, and does it all the same.',
      }),
    ),
  },
  { description: 'What is under test: its role, and the classes that it claims.' },
);
