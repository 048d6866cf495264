import type { Server } from 'node:net';
import { KitError } from '../../errors.js';

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'it is in use',
  EACCES: 'this user may not open it',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'there is no such host',
};

/** Resolves when the server listens; rejects with a KitError that says why it cannot. */
export const listen = (
  server: Server,
  host: string,
  port: number,
  onAcceptError: (error: Error) => void,
): Promise<void> =>
  new Promise((resolve, reject) => {
    const refuse = (error: NodeJS.ErrnoException): void => {
      const reason = REASONS[error.code ?? ''] ?? error.message;
      reject(
        new KitError(
          'usage',
          `cannot listen on ${host} port ${port}: ${reason}`,
          'Give another --port (0 takes any free one) or another --host.',
          { cause: error },
        ),
      );
    };
    server.once('error', refuse);
    server.listen(port, host, 511, () => {
      server.off('error', refuse);
      // One connection that could not be accepted, for want of descriptors, must not end the process.
      server.on('error', (error) => onAcceptError(error));
      resolve();
    });
  });
