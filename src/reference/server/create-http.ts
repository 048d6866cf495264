import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { KitError } from '../../errors.js';
import type { ServerConfig, TlsFiles } from './options.js';

const readPem = (option: string, file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new KitError('usage', `cannot read ${file}: ${reason}`, `Give a file in PEM form with ${option}.`, { cause });
  }
};

const createTls = async (files: TlsFiles): Promise<{ cert: string; key: string }> => {
  const cert = readPem('--tls-cert', files.certFile);
  const key = readPem('--tls-key', files.keyFile);
  const { createSecureContext } = await import('node:tls');
  try {
    createSecureContext({ cert, key });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new KitError(
      'usage',
      `cannot use ${files.certFile} with ${files.keyFile}: ${reason}`,
      'Give a certificate in PEM form with --tls-cert, and the private key that belongs to it with --tls-key.',
      { cause },
    );
  }
  return { cert, key };
};

/**
 * The HTTP server, over TLS when there is a certificate: then nothing in the clear is ever answered (IM-1-26).
 * Rejects with a KitError that names a file that cannot be used.
 */
export const createHttp = async (
  { tls, limits: { handshakeTimeoutMs } }: ServerConfig,
  onRequest: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<Server> => {
  const options = {
    headersTimeout: handshakeTimeoutMs,
    requestTimeout: handshakeTimeoutMs,
    connectionsCheckingInterval: Math.ceil(handshakeTimeoutMs / 2),
  };
  if (!tls) return createServer(options, onRequest);
  const { createServer: createSecureServer } = await import('node:https');
  return createSecureServer(
    { ...options, ...(await createTls(tls)), minVersion: 'TLSv1.2', handshakeTimeout: handshakeTimeoutMs },
    onRequest,
  );
};
