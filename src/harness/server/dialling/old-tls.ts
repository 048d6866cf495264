import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type SecureVersion } from 'node:tls';

const VERSION: SecureVersion = 'TLSv1.1';

/** What makes this machine's OpenSSL speak a version that it would not use by itself. */
export const OLD_TLS = { minVersion: VERSION, maxVersion: VERSION, ciphers: 'ALL:@SECLEVEL=0' } as const;

const PSK_CIPHERS = 'PSK-AES128-CBC-SHA:@SECLEVEL=0';
const BOUND_MS = 2_000;

/** Whether this machine can speak TLS 1.1 at all: two of its own ends try, with a shared key instead of a certificate. */
export const speaksOldTls = async (): Promise<boolean> => {
  const psk = randomBytes(16);
  const shared = { minVersion: VERSION, maxVersion: VERSION, ciphers: PSK_CIPHERS } as const;
  const server = createServer({ ...shared, pskCallback: () => psk }, (socket) => socket.end());
  server.on('tlsClientError', () => {});
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    const { port } = server.address() as AddressInfo;
    return await new Promise<boolean>((resolve) => {
      const socket = connect({
        ...shared,
        host: '127.0.0.1',
        port,
        pskCallback: () => ({ psk, identity: 'kit' }),
        checkServerIdentity: () => undefined,
      });
      const timer = setTimeout(() => end(false), BOUND_MS);
      const end = (spoken: boolean) => {
        clearTimeout(timer);
        socket.destroy();
        resolve(spoken);
      };
      socket.once('secureConnect', () => end(socket.getProtocol() === VERSION));
      socket.on('error', () => end(false));
    });
  } catch {
    return false;
  } finally {
    server.close();
  }
};
