export type Packet = Record<string, unknown> & { type: string };

/** When simulated histories begin. Milliseconds. */
export const EPOCH = 1_795_305_600_000;
