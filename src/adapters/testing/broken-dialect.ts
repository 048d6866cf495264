import { randomUUID } from 'node:crypto';
import type { Dialect, Session, Wire } from '../dialect.js';

/** The same protocol, spoken by a server that lets everybody in and then says nothing: a control for what it gains. */
export const mute = (dialect: Dialect): Dialect => ({
  ...dialect,
  open: (who, wire, memory) => dialect.open(who, { ...wire, packet: () => undefined } satisfies Wire, memory),
});

/** A session with other ways to send and to leave. Spreading one would lose the methods of its class. */
const withWays = (session: Session, send: Session['send'], leave: () => void): Session => ({
  ...(session.beat === undefined ? {} : { beat: session.beat }),
  begin: () => session.begin(),
  receive: (data) => session.receive(data),
  send,
  leave,
});

/** The same protocol, spoken by a server that forgets what was sent to somebody who has left. */
export const forgetsOffline = (dialect: Dialect): Dialect => {
  const left = new Set<string>();
  const forgotten = new Set<string>();
  return {
    ...dialect,
    open: (who, wire, memory) => {
      const session = dialect.open(
        who,
        {
          ...wire,
          ready: () => {
            left.delete(who.user);
            wire.ready();
          },
          packet: (packet) => {
            const isGone = packet.type === 'msg:N' && forgotten.has(`${who.user} ${packet.body}`);
            return isGone ? undefined : wire.packet(packet);
          },
        },
        memory,
      );
      const send: Session['send'] = (request, about) => {
        if (request.type === 'msg:R' && left.has(request.to)) forgotten.add(`${request.to} ${request.body}`);
        return session.send(request, about);
      };
      return withWays(session, send, () => {
        left.add(who.user);
        session.leave?.();
      });
    },
  };
};

/** Whether a request is a msg:R that its sender has sent before. */
const copyFinder = (): ((user: string, request: Parameters<Session['send']>[0]) => boolean) => {
  const known = new Set<string>();
  return (user, request) => {
    if (request.type !== 'msg:R') return false;
    const key = `${user} ${request.msgId}`;
    const isCopy = known.has(key);
    known.add(key);
    return isCopy;
  };
};

/** The same protocol, spoken by a server that does not answer what it knows already. */
export const swallowsCopies = (dialect: Dialect): Dialect => {
  const isCopy = copyFinder();
  return {
    ...dialect,
    open: (who, wire, memory) => {
      const session = dialect.open(who, wire, memory);
      const send: Session['send'] = (request, about) =>
        isCopy(who.user, request) ? undefined : session.send(request, about);
      return withWays(session, send, () => session.leave?.());
    },
  };
};

/** The same protocol, spoken by a server that takes a copy for a new message. */
export const noDedup = (dialect: Dialect): Dialect => {
  const isCopy = copyFinder();
  /** What the server was told instead of an id that it knew, and that id. */
  const originals = new Map<string, string>();
  return {
    ...dialect,
    open: (who, wire, memory) => {
      const session = dialect.open(
        who,
        {
          ...wire,
          packet: (packet) => {
            if (packet.type === 'ack:A') return wire.packet(packet);
            const original = originals.get(packet.msgId ?? '');
            return wire.packet(original === undefined ? packet : { ...packet, msgId: original });
          },
        },
        memory,
      );
      const send: Session['send'] = (request, about) => {
        if (!isCopy(who.user, request) || request.type !== 'msg:R') return session.send(request, about);
        const msgId = randomUUID();
        originals.set(msgId, request.msgId);
        return session.send({ ...request, msgId }, about);
      };
      return withWays(session, send, () => session.leave?.());
    },
  };
};

const EARLY_MS = 300;

/** The same protocol, spoken by a server that answers before it has stored: who kills it in time finds nothing there. */
export const answersEarly = (dialect: Dialect): Dialect => ({
  ...dialect,
  open: (who, wire, memory) => {
    const packet: Wire['packet'] = (brought) => (brought.type === 'msg:A' ? undefined : wire.packet(brought));
    const session = dialect.open(who, { ...wire, packet }, memory);
    const send: Session['send'] = (request, about) => {
      if (request.type !== 'msg:R') return session.send(request, about);
      setTimeout(() => session.send(request, about), EARLY_MS);
      wire.packet({ type: 'msg:A', rid: request.rid, status: 'stored' });
      return undefined;
    };
    return withWays(session, send, () => session.leave?.());
  },
});
