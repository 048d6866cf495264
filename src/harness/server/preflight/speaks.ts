import { randomBytes } from 'node:crypto';
import { get } from 'node:http';
import { isIP } from 'node:net';
import { connect } from 'node:tls';
import { endpointOf } from '../../process/port.js';

/** Whether a TLS handshake succeeds at the host and port of this URL, whatever the certificate says. */
export const speaksTls = (url: string, boundMs: number): Promise<boolean> => {
  const { host, port } = endpointOf(url);
  return new Promise((resolve) => {
    const servername = isIP(host) === 0 ? { servername: host } : {};
    // Nothing is sent over this connection; it only shows which scheme is right.
    const socket = connect({ host, port, rejectUnauthorized: false, ...servername });
    const end = (answer: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(() => end(false), boundMs);
    socket.once('secureConnect', () => end(true));
    socket.on('error', () => end(false));
    socket.once('close', () => end(false));
  });
};

/** Whether a plain WebSocket upgrade, without any token, is answered in HTTP at the host and port of this URL. */
export const speaksPlainHttp = (url: string, boundMs: number): Promise<boolean> => {
  const { host, port } = endpointOf(url);
  const headers = {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Protocol': 'im.ran.v1',
  };
  return new Promise((resolve) => {
    const request = get({ host, port, headers, path: '/', agent: false, signal: AbortSignal.timeout(boundMs) });
    const end = (answer: boolean) => {
      request.destroy();
      resolve(answer);
    };
    request.once('upgrade', () => end(true));
    // With 400 a TLS server complains about plain HTTP.
    request.once('response', (response) => end(response.statusCode !== 400));
    request.on('error', () => resolve(false));
  });
};
