import type { Dialect, Wire } from '../dialect.js';

/** The same protocol, spoken by a server that lets everybody in and then says nothing: a control for what it gains. */
export const mute = (dialect: Dialect): Dialect => ({
  ...dialect,
  open: (who, wire, memory) => dialect.open(who, { ...wire, packet: () => undefined } satisfies Wire, memory),
});

/** The same protocol, spoken by a server that forgets what was sent to somebody who is away. */
export const forgetsOffline = (dialect: Dialect): Dialect => ({
  ...dialect,
  open: (who, wire, memory) => {
    let here = false;
    const forgetful: Wire = {
      ...wire,
      ready: () => {
        wire.ready();
        // What comes with the login, or at once after it, waited for the receiver.
        setImmediate(() => {
          here = true;
        });
      },
      packet: (packet) => (packet.type === 'msg:N' && !here ? undefined : wire.packet(packet)),
    };
    return dialect.open(who, forgetful, memory);
  },
});

/** The same protocol, spoken by a server that does not answer what it knows already. */
export const swallowsCopies = (dialect: Dialect): Dialect => {
  const known = new Set<string>();
  return {
    ...dialect,
    open: (who, wire, memory) => {
      const session = dialect.open(who, wire, memory);
      return {
        ...session,
        begin: () => session.begin(),
        receive: (data) => session.receive(data),
        leave: () => session.leave?.(),
        send: (request, about) => {
          const key = request.type === 'msg:R' ? `${who.user} ${request.msgId}` : '';
          if (known.has(key)) return undefined;
          if (key !== '') known.add(key);
          return session.send(request, about);
        },
      };
    },
  };
};
