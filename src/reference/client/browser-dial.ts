import { WIRE } from '../../../schemas/wire.js';
import { browserGlobals } from './browser-globals.js';
import type { EnginePorts } from './engine.js';

const OPEN = 1;

/** Opens a connection of the browser: the token travels in the query, because a page cannot set headers. */
export const dialBrowser: EnginePorts['dial'] = (url, token, listener) => {
  const address = new URL(url);
  address.searchParams.set('access_token', token);
  const socket = new (browserGlobals().WebSocket)(address.href, [WIRE.subprotocol]);
  socket.onopen = () => listener.open();
  socket.onmessage = ({ data }) => (typeof data === 'string' ? listener.text(data) : listener.alive());
  socket.onclose = ({ code }) => listener.end({ code });
  return {
    send: (text) => {
      if (socket.readyState === OPEN) socket.send(text);
    },
    ping: () => {},
    close: () => socket.close(1000),
    // A browser ends a dead connection in its own time; what it says until then is ignored.
    cut: () => socket.close(),
  };
};
