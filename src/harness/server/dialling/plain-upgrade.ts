import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import type { DialOutcome } from '../../../play/index.js';
import { localFault } from '../../local-fault.js';
import { endpointOf } from '../../process/port.js';
import type { Credentials } from '../credentials.js';

/** A complete WebSocket upgrade, token included, without TLS, at the host and port of a wss: URL. */
export const plainUpgrade = ({ url, headers }: Credentials, timeoutMs: number): Promise<DialOutcome> => {
  const { host, port } = endpointOf(url);
  const { pathname, search } = new URL(url);
  return new Promise((resolve, reject) => {
    const asking = request({
      host,
      port,
      path: `${pathname}${search}`,
      agent: false,
      signal: AbortSignal.timeout(timeoutMs),
      headers: {
        ...headers,
        Connection: 'Upgrade',
        Upgrade: 'websocket',
        'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
        'Sec-WebSocket-Version': '13',
        'Sec-WebSocket-Protocol': 'im.ran.v1',
      },
    });
    const end = (outcome: DialOutcome) => {
      asking.destroy();
      resolve(outcome);
    };
    asking.once('upgrade', () => end({ ok: true }));
    asking.once('response', ({ statusCode = 0 }) =>
      end({ ok: false, refusal: 'status', status: statusCode, error: `HTTP ${statusCode}` }),
    );
    asking.on('error', (cause) => {
      const fault = localFault(cause);
      if (fault) reject(fault);
      else end({ ok: false, refusal: 'network', error: `no HTTP answer: ${cause.message}` });
    });
    asking.end();
  });
};
