// A line that fails when you want it to. It stands between the client library and the network, so the library has to
// repair what it does, as on a train or in a lift.

const NativeWebSocket = globalThis.WebSocket;

/** Ended without a close frame, as far as the library can see. */
const ABNORMAL = 1006;
const CLOSED = 3;

/** Takes the place of WebSocket. `onPacket` hears of each packet: its way (`out` or `in`), and whether it was lost. */
export const installLine = ({ isOffline, onPacket, onLosing }) => {
  const sockets = new Set();
  let losses = 0;
  let offline = isOffline;

  const isLost = (way, text) => {
    const lost = losses > 0;
    if (lost) losses -= 1;
    onPacket({ way, packet: JSON.parse(text), lost });
    if (lost) onLosing(losses);
    return lost;
  };

  globalThis.WebSocket = class {
    onopen = null;
    onmessage = null;
    onclose = null;
    #socket;

    constructor(url, protocols) {
      if (offline) {
        setTimeout(() => this.onclose?.({ code: ABNORMAL }), 0);
        return;
      }
      this.#socket = new NativeWebSocket(url, protocols);
      sockets.add(this);
      this.#socket.onopen = () => this.onopen?.();
      this.#socket.onmessage = ({ data }) => {
        if (!isLost('in', data)) this.onmessage?.({ data });
      };
      this.#socket.onclose = ({ code }) => this.#end(code);
    }

    get readyState() {
      return this.#socket?.readyState ?? CLOSED;
    }

    send(text) {
      if (!isLost('out', text)) this.#socket.send(text);
    }

    close(code) {
      this.#socket?.close(code);
    }

    cut() {
      for (const event of ['onopen', 'onmessage', 'onclose']) this.#socket[event] = null;
      this.#socket.close();
      this.#end(ABNORMAL);
    }

    #end(code) {
      sockets.delete(this);
      this.onclose?.({ code });
    }
  };

  const cut = () => {
    for (const socket of [...sockets]) socket.cut();
  };
  return {
    get isOffline() {
      return offline;
    },
    cut,
    lose: (count) => {
      losses += count;
      onLosing(losses);
    },
    setOffline: (isNowOffline) => {
      offline = isNowOffline;
      if (offline) cut();
    },
  };
};
