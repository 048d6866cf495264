import { get as httpGet, type IncomingMessage } from 'node:http';
import { get as httpsGet } from 'node:https';
import { defined } from '../../defined.js';
import type { MetricsPage } from '../../play/index.js';
import { localFault } from '../local-fault.js';
import type { TlsTrust } from './credentials.js';

/** As much of the page as a history keeps; what follows is read and thrown away, up to the second limit. */
const KEPT_CHARACTERS = 262_144;
const MAX_BYTES = 4 * 1_024 * 1_024;
const DEFAULT_PATH = '/metrics';

const request = (url: URL, tls: TlsTrust, signal: AbortSignal): Promise<IncomingMessage> => {
  const get = url.protocol === 'https:' ? httpsGet : httpGet;
  const headers = { Accept: 'application/openmetrics-text; version=1.0.0, text/plain; q=0.5' };
  return new Promise((resolve, reject) => {
    get(url, { ...tls, agent: false, headers, signal }, resolve).on('error', reject);
  });
};

const readText = async (response: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) throw new Error(`the page is larger than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8').slice(0, KEPT_CHARACTERS);
};

/**
 * Reads the metrics page at `path` on the origin of a WebSocket URL. What went wrong is in `error`; rejects with a
 * KitError only when this machine refuses.
 * Bounded by `timeoutMs` and by 4 MiB; redirects are not followed.
 */
export const readMetrics = async (
  subjectUrl: string,
  path: string | undefined,
  tls: TlsTrust,
  timeoutMs: number,
): Promise<MetricsPage> => {
  const url = new URL(path ?? DEFAULT_PATH, subjectUrl);
  url.protocol = url.protocol === 'wss:' ? 'https:' : 'http:';
  let response: IncomingMessage | undefined;
  try {
    response = await request(url, tls, AbortSignal.timeout(timeoutMs));
    const contentType = response.headers['content-type'];
    const head = defined({ status: response.statusCode ?? 0, contentType });
    try {
      return { ...head, text: await readText(response) };
    } catch (cause) {
      return { ...head, error: (cause as Error).message };
    }
  } catch (cause) {
    const fault = localFault(cause);
    if (fault) throw fault;
    const { name, message } = cause as Error;
    return { error: name === 'TimeoutError' || name === 'AbortError' ? `no answer within ${timeoutMs} ms` : message };
  } finally {
    response?.destroy();
  }
};
