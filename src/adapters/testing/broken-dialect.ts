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

/** The same protocol, spoken by a server that takes each copy for a new message: an answer and a push of its own for each. */
export const doublesCopies = (dialect: Dialect): Dialect => {
  const copies = new Map<string, number>();
  return {
    ...dialect,
    open: (who, wire, memory) => {
      const session = dialect.open(
        who,
        {
          ...wire,
          // Of the kit's ids the copies have an ending of their own; nobody but this server sees it.
          packet: (packet) => {
            const [msgId] = packet.type === 'ack:A' ? [] : (packet.msgId?.split('~') ?? []);
            return wire.packet(packet.type === 'ack:A' || msgId === undefined ? packet : { ...packet, msgId });
          },
        },
        memory,
      );
      const send: Session['send'] = (request, about) => {
        if (request.type !== 'msg:R') return session.send(request, about);
        const key = `${who.user} ${request.msgId}`;
        const copy = copies.get(key) ?? 0;
        copies.set(key, copy + 1);
        return session.send(copy === 0 ? request : { ...request, msgId: `${request.msgId}~${copy}` }, about);
      };
      return withWays(session, send, () => session.leave?.());
    },
  };
};
