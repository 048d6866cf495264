import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';

/** The least that a WebSocket server can do: sends every frame back. The measure for the reference server. */
const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false }, () => {
  process.stdout.write(`listening on ws://127.0.0.1:${(server.address() as AddressInfo).port}/\n`);
});
server.on('connection', (webSocket) => {
  webSocket.on('error', () => {});
  webSocket.on('message', (data, isBinary) => webSocket.send(data, { binary: isBinary }));
});
