import { Type } from '@sinclair/typebox';
import { FAULTS } from '../faults.js';
import type { RequirementId } from '../requirement-ids.generated.js';
import { client, event, message, node } from './event.js';

/** How an expectation can be missed. */
export const MISSES = ['nothing-came', 'wrong-packet', 'connection-ended', 'unwanted-packet', 'observed'] as const;
export type Miss = (typeof MISSES)[number];

/** What the script did, what it expected, and its end. */
export const SCRIPT_EVENTS = [
  event(
    'fault',
    {
      fault: Type.Union(FAULTS.map((name) => Type.Literal(name))),
      detail: Type.Optional(Type.String({ description: 'More about it, for people.' })),
      step: Type.String({ description: 'Where in the script the fault stands.' }),
      fired: Type.Boolean(),
      node,
      client: Type.Optional(client),
      packet: Type.Optional(Type.String({ description: 'Type of the packet that the fault is aimed at.' })),
      message,
    },
    'A fault of the script, and whether it fired. One that never fired makes the scenario inconclusive.',
  ),
  event(
    'step',
    {
      step: Type.String({ description: 'Path in the script, such as `3` or `4.2`.' }),
      text: Type.String({ description: 'The step as the script has it.' }),
      requirement: Type.Unsafe<RequirementId | ''>(Type.String()),
      outcome: Type.Union([
        Type.Literal('met'),
        Type.Literal('missed'),
        Type.Literal('unreached'),
        Type.Literal('skipped'),
      ]),
      expected: Type.String(),
      seen: Type.String(),
      miss: Type.Optional(
        Type.Union(
          MISSES.map((name) => Type.Literal(name)),
          {
            description:
              'How it was missed. nothing-came: only the bound passed. connection-ended: before that. observed: what was looked at was not as it must be.',
          },
        ),
      ),
      closeCode: Type.Optional(
        Type.Integer({ description: 'Of the connection that ended; 1006: without a close frame.' }),
      ),
      waitedMs: Type.Number(),
      awaits: Type.Optional(
        Type.Object(
          { packet: Type.String(), status: Type.Optional(Type.String()) },
          {
            description: 'What was waited for: the type of a packet, `close`, `pong` or `any`. Absent: something else.',
          },
        ),
      ),
      client: Type.Optional(client),
      late: Type.Optional(
        Type.Boolean({ description: 'Missed only because a time bound passed: worth another try with patience.' }),
      ),
      message,
    },
    'An expectation of the script and its outcome. `unreached`: a precondition of the kit failed, nobody is to blame. `skipped`: through a dialect, it waits for what the foreign protocol does not have.',
  ),
  event('settling', {}, 'Every fault has ended; receivers reconnect and ack, senders re-send.'),
  event('settled', { complete: Type.Boolean() }, 'Settling ended; complete: nothing was left to wait for.'),
  event(
    'end',
    {
      stalledMs: Type.Optional(
        Type.Integer({
          minimum: 0,
          description: 'Longest time for which the event loop of the kit stood still meanwhile. Absent: not measured.',
        }),
      ),
      networkStalledMs: Type.Optional(
        Type.Integer({
          minimum: 0,
          description:
            'Longest time for which nothing crossed the network meanwhile, as an idle connection saw it. Absent: not watched.',
        }),
      ),
    },
    'Nothing was recorded after this.',
  ),
] as const;
