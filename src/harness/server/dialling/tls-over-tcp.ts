import { connect as connectTcp, isIP, type Socket, type TcpNetConnectOpts } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ClientOptions } from 'ws';

type CreateConnection = NonNullable<ClientOptions['createConnection']>;

interface Options extends TcpNetConnectOpts {
  servername?: string;
  path?: unknown;
}

/**
 * TLS over a TCP connection of the kit's own. Node keeps the TCP connection below a TLS socket to itself, and only that
 * one can be reset. `keep` gets it at once.
 */
export const tlsOverTcp = (keep: (tcp: Socket) => void): CreateConnection =>
  (({ path: _, ...options }: Options) => {
    const { host = 'localhost', port, servername } = options;
    const tcp = connectTcp({ host, port });
    keep(tcp);
    const name = servername || host;
    // A number is no server name (RFC 6066); the certificate is compared with the host all the same.
    return connectTls({ ...options, host, socket: tcp, servername: isIP(name) === 0 ? name : '' });
  }) as unknown as CreateConnection;
