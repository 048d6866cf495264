import { judgeLife, lookEveryMs, wasStalled } from '../protocol/index.js';
import type { Connection } from './connection.js';

export interface HeartbeatHost {
  deadAfterMs: number;
  now(): number;
  connections(): Iterable<Connection>;
  onDead(connection: Connection): void;
}

const look = (connection: Connection, now: number, stalled: boolean): void => {
  const { bytesRead } = connection;
  // Any byte of any frame is a sign of life (IM-1-17), also a part of a long one.
  if (bytesRead === connection.bytesSeen && !stalled) return;
  connection.bytesSeen = bytesRead;
  connection.life = { ...connection.life, seenAt: now };
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
      if (verdict !== 'ping') continue;
      connection.life = { ...connection.life, pingedAt: now };
      connection.ping();
    }
  }, lookEveryMs(deadAfterMs));
  return () => clearInterval(timer);
};
