import { type Static, Type } from '@sinclair/typebox';
import {
  clientName,
  closed,
  count,
  duration,
  messages,
  millis,
  packetType,
  placeholder,
  requirement,
  verb,
} from './script-values.js';

const trigger = Type.Optional(
  Type.Object(
    {
      client: clientName,
      gets: packetType,
      of: Type.Optional(messages),
      status: Type.Optional(Type.String()),
      count: Type.Optional(count),
    },
    {
      ...closed,
      description: 'Acts at the moment the client has received that many such packets since the step before.',
    },
  ),
);

const aim = Type.Object(
  { client: clientName, gets: packetType, of: Type.Optional(messages), status: Type.Optional(Type.String()) },
  closed,
);
const before = Type.Optional(
  Type.Union([aim, Type.Array(aim, { minItems: 1 })], {
    description: 'The fault fires only if the client has no such packet yet; with a list, none of them.',
  }),
);

/** What can be done to the process under test. A scenario that uses one has the subject to itself. */
export const SERVER_VERBS = {
  crashes: verb(
    { crashes: Type.Literal(true), when: trigger, before, afterMs: Type.Optional(millis) },
    'SIGKILL to the process group; done when all sockets have closed and the port refuses.',
  ),
  stops: verb(
    { stops: Type.Literal(true), when: trigger, afterMs: Type.Optional(millis) },
    'SIGTERM; done when the process has ended.',
  ),
  restarts: verb({ restarts: Type.Literal(true) }, 'Starts the process again on the same port and data.'),
  freezes: verb({ freezes: duration, when: trigger, before }, 'SIGSTOP, that long, then SIGCONT.'),
  scrapes: verb(
    { scrapes: Type.Literal(true) },
    'Reads the metrics page that the server declares. The judges compare it with what the kit counted.',
  ),
  marksMemory: verb(
    { marksMemory: Type.Literal(true) },
    'What the process group has held at its most until now is what memoryStays compares with.',
  ),
  memoryStays: verb(
    {
      memoryStays: Type.Object(
        { below: Type.Integer({ minimum: 1_048_576, description: 'Bytes over what it held at the mark.' }) },
        closed,
      ),
      by: requirement,
    },
    'The most resident memory that the process group has held since marksMemory must be below that.',
  ),
  jumps: verb(
    {
      jumps: Type.Union([Type.Integer({ minimum: -86_400_000, maximum: 86_400_000 }), placeholder], {
        description: 'Milliseconds from the true time; 0 sets the clock right.',
      }),
    },
    'Sets the wall clock of the server, as an administrator or a time service does. It needs libfaketime (Debian: libfaketime).',
  ),
} as const;
export type ServerVerb = keyof typeof SERVER_VERBS;
export type ServerAction = { [V in ServerVerb]: { verb: V } & Static<(typeof SERVER_VERBS)[V]> }[ServerVerb];
export type Trigger = NonNullable<Static<typeof trigger>>;
export type Before = Static<typeof aim>;
