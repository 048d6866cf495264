import type { AddressInfo } from 'node:net';
import type { Test } from 'tap';
import { WebSocket, WebSocketServer } from 'ws';
import type { Fields } from './kit-side.js';

/** Decides about a packet on its way, in either direction. False: it is lost, and the connection stays. */
export type Filter = (packet: Fields) => boolean;

export interface FaultProxy {
  readonly url: string;
  filter: Filter;
  /** Cuts every connection, without a close frame. */
  cut(): void;
}

/** Stands between clients and a server, and reads what they say to each other. */
export const startProxy = async (t: Test, upstream: string): Promise<FaultProxy> => {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, handleProtocols: () => 'im.ran.v1' });
  await new Promise((resolve) => server.once('listening', resolve));
  const ends = new Set<WebSocket>();
  const proxy: FaultProxy = {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    filter: () => true,
    cut: () => {
      for (const end of ends) end.terminate();
    },
  };
  const forward = (from: WebSocket, to: WebSocket, opened: Promise<unknown>): void => {
    ends.add(from);
    from.on('error', () => {});
    from.on('message', async (data) => {
      await opened;
      const text = String(data);
      if (proxy.filter(JSON.parse(text) as Fields) && to.readyState === WebSocket.OPEN) to.send(text);
    });
    from.on('close', () => {
      ends.delete(from);
      to.terminate();
    });
  };
  server.on('connection', (client, request) => {
    const { authorization } = request.headers;
    // A browser has its token in the query.
    const address = new URL(request.url ?? '/', upstream);
    const headers = authorization === undefined ? {} : { authorization };
    const server = new WebSocket(address, ['im.ran.v1'], { headers, perMessageDeflate: false });
    const opened = new Promise((resolve) => server.once('open', resolve));
    forward(client, server, opened);
    forward(server, client, Promise.resolve());
  });
  t.teardown(() => {
    proxy.cut();
    server.close();
  });
  return proxy;
};
