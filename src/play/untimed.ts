import type { HistoryEvent } from '../../schemas/index.js';

/** A history event without its time, which the stage adds when it records it. */
export type Untimed<E = HistoryEvent> = E extends { at: number } ? Omit<E, 'at'> : never;
