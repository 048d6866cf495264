import { setTimeout as sleep } from 'node:timers/promises';
import WebSocket from 'ws';
import { localFault } from '../../local-fault.js';
import { endpointOf, portState } from '../../process/port.js';
import type { Credentials } from '../credentials.js';
import { refusalOf } from '../dialling/refusal-of.js';

/** Statuses with which a server, or a gateway before it, says that it is still starting. */
const STARTING = new Set([502, 503, 504]);
/** How long a server that takes connections and drops them is given to come round. */
const DROPPING_MS = 2_000;
const FIRST_PAUSE_MS = 2;
const LONGEST_PAUSE_MS = 25;

/**
 * `answered`: the upgrade got an answer, whatever it was. `silent`: connections are taken, no upgrade is answered.
 * `refused`: nothing listens. `stopped`: the caller's signal was aborted.
 */
export type UpgradeOutcome = 'answered' | 'silent' | 'refused' | 'stopped';

/**
 * Waits until the WebSocket upgrade answers. A refusal such as 401 is an answer too: it shows that the server is up;
 * what is wrong with it is for the preflight to say. Rejects with a KitError when it is this machine that refuses.
 */
export const waitForUpgrade = async (
  credentials: Credentials,
  boundMs: number,
  stopped: AbortSignal,
  /** How to ask once, where it is no upgrade. */
  asked?: () => Promise<Answer>,
): Promise<UpgradeOutcome> => {
  const start = performance.now();
  const left = () => boundMs - (performance.now() - start);
  const ask = asked ?? (() => tryUpgrade(credentials, left(), stopped));
  const endpoint = endpointOf(credentials.url);
  let listenedAt: number | undefined;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 1.1, LONGEST_PAUSE_MS)) {
    if (stopped.aborted) return 'stopped';
    if (left() <= 0) return listenedAt === undefined ? 'refused' : 'silent';
    // A bare TCP connection is far cheaper than an upgrade, so this is what is repeated every few milliseconds.
    if ((await portState(endpoint, left())) === 'accepts') {
      listenedAt ??= performance.now();
      const answer = await ask();
      if (answer === 'yes') return 'answered';
      if (answer === 'dropped' && performance.now() - listenedAt > DROPPING_MS) return 'answered';
    }
    await sleep(pause);
  }
};

/** `dropped`: it takes connections and drops them; after a while that is an answer, too. */
export type Answer = 'yes' | 'dropped' | 'starting';

const tryUpgrade = ({ url, headers, tls }: Credentials, boundMs: number, stopped: AbortSignal): Promise<Answer> => {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, ['im.ran.v1'], {
      ...tls,
      headers,
      handshakeTimeout: Math.max(1, boundMs),
      followRedirects: false,
      perMessageDeflate: false,
    });
    const abort = () => end('starting');
    const end = (answer: Answer) => {
      stopped.removeEventListener('abort', abort);
      socket.terminate();
      resolve(answer);
    };
    stopped.addEventListener('abort', abort);
    socket.once('open', () => end('yes'));
    socket.once('unexpected-response', (_request, response) =>
      end(STARTING.has(response.statusCode ?? 0) ? 'starting' : 'yes'),
    );
    // `terminate` during the handshake raises one more error, so the listener stays.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      const fault = localFault(error);
      if (fault) reject(fault);
      if (refusalOf(error) === 'timeout') return end('starting');
      end(error.code === 'ECONNRESET' || error.code === 'ECONNREFUSED' || error.code === 'EPIPE' ? 'dropped' : 'yes');
    });
  });
};
