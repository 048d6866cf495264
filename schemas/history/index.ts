import { type Static, Type } from '@sinclair/typebox';
import { CONNECTION_EVENTS } from './connection-events.js';
import { HistoryHeadSchema } from './head.js';
import { PACKET_EVENTS } from './packet-events.js';
import { SCRIPT_EVENTS } from './script-events.js';
import { SUBJECT_EVENTS } from './subject-events.js';

export { CONNECTION_END, REFUSALS, type Refusal } from './connection-events.js';
export * from './head.js';
export { MISSES, type Miss } from './script-events.js';

/**
 * A history is NDJSON: a `history` line first, then one event a line, in the order in which the kit saw them.
 * `at` is milliseconds since the history began. `conn` numbers the connections of one history from 1.
 */
export const HistoryEventSchema = Type.Union(
  [HistoryHeadSchema, ...CONNECTION_EVENTS, ...PACKET_EVENTS, ...SUBJECT_EVENTS, ...SCRIPT_EVENTS],
  {
    $id: 'https://im-conformance.dev/schemas/history-event.schema.json',
    title: 'History event',
    description: 'One line of a history.',
    examples: [{ kind: 'open', at: 3.2, client: 'alice', conn: 1 }],
  },
);

/** One line of a history: what the kit saw or did; `kind` tells which it is, `at` is in milliseconds. */
export type HistoryEvent = Static<typeof HistoryEventSchema>;
export type HistoryEventOf<K extends HistoryEvent['kind']> = Extract<HistoryEvent, { kind: K }>;
