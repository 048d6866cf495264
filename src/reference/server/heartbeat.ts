import { isStuck, judgeLife, lookEveryMs, wasStalled } from '../../protocol/index.js';
import type { Connection } from './connection.js';

export interface HeartbeatHost {
  deadAfterMs: number;
  now(): number;
  connections(): Iterable<Connection>;
  onDead(connection: Connection): void;
  /** It does not read what is sent to it. */
  onStuck(connection: Connection): void;
}

const look = (connection: Connection, now: number, stalled: boolean): void => {
  const { bytesRead } = connection;
  // Any byte of any frame is a sign of life (IM-1-17), also a part of a long one.
  if (bytesRead === connection.bytesSeen && !stalled) return;
  connection.bytesSeen = bytesRead;
  connection.life = { ...connection.life, seenAt: now };
};

/** Pings and packets of a peer that does not read do not save it: what waits for it would only pile up. */
const lookAtWrites = (connection: Connection, now: number, stalled: boolean): void => {
  if (!connection.holdsStill() || stalled) connection.stuckSince = now;
};

/** Looks after all peers at a fixed pace: pings the silent ones, gives up the dead ones. Returns a function that ends it. */
export const startHeartbeat = (host: HeartbeatHost): (() => void) => {
  const { deadAfterMs } = host;
  let lastLookAt = host.now();
  const timer = setInterval(() => {
    const now = host.now();
    const stalled = wasStalled(now - lastLookAt, deadAfterMs);
    lastLookAt = now;
    for (const connection of [...host.connections()]) {
      look(connection, now, stalled);
      const verdict = judgeLife(connection.life, now, deadAfterMs);
      if (verdict === 'dead') host.onDead(connection);
      lookAtWrites(connection, now, stalled);
      if (isStuck(connection.stuckSince, now, deadAfterMs)) host.onStuck(connection);
      if (verdict !== 'ping') continue;
      connection.life = { ...connection.life, pingedAt: now };
      connection.ping();
    }
  }, lookEveryMs(deadAfterMs));
  return () => clearInterval(timer);
};
