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

/** The same protocol, spoken by a server that does not answer what it knows already. */
export const swallowsCopies = (dialect: Dialect): Dialect => {
  const known = new Set<string>();
  return {
    ...dialect,
    open: (who, wire, memory) => {
      const session = dialect.open(who, wire, memory);
      const send: Session['send'] = (request, about) => {
        const key = request.type === 'msg:R' ? `${who.user} ${request.msgId}` : '';
        if (known.has(key)) return undefined;
        if (key !== '') known.add(key);
        return session.send(request, about);
      };
      return withWays(session, send, () => session.leave?.());
    },
  };
};

/** The same protocol, spoken by a server that takes a copy for a new message. */
export const noDedup = (dialect: Dialect): Dialect => {
  const known = new Set<string>();
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
        const key = request.type === 'msg:R' ? `${who.user} ${request.msgId}` : '';
        if (request.type !== 'msg:R' || !known.has(key)) {
          if (key !== '') known.add(key);
          return session.send(request, about);
        }
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
