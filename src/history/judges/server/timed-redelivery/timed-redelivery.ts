import type { JudgedClass } from '../../judge.js';

/** Class `timed-redelivery`: the server may end a connection, but only of a client that is dead. */
export const timedRedelivery: JudgedClass = { policies: () => ({ detectsDeadPeers: true }) };
