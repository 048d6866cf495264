import type { ClientRequest, IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import WebSocket from 'ws';
import { KitError } from '../../../errors.js';
import { localFault } from '../../local-fault.js';
import { printable } from '../../process/output-tail.js';
import type { Authenticate, Credentials } from '../credentials.js';
import { refusalOf } from '../dialling/refusal-of.js';
import {
  closedAtOnce,
  connectionRefusal,
  type StatusAnswer,
  silence,
  statusRefusal,
  wantsPlain,
  wantsTls,
} from './refusals.js';
import { speaksPlainHttp, speaksTls } from './speaks.js';

const PREFLIGHT_BOUND_MS = 10_000;
/** Time of the probe whether the other scheme is the right one. */
const PROBE_BOUND_MS = 2_000;
/** After the upgrade a server that wants to close at once has done so before it answers a ping. */
const PING_BOUND_MS = 1_000;
const MAX_BODY_CHARACTERS = 200;

/** What was noticed about a subject that answered. */
export interface Preflight {
  /** Sentences about faults that do not keep the kit out, such as a subprotocol that was not selected. */
  notes: string[];
}

/**
 * Opens one real connection as a fresh user. Every way in which that fails becomes a KitError with the reason and the
 * remedy: `usage` for a bad URL, otherwise `unreachable`. Bounded by `boundMs` (default 10 s) and a few short probes.
 */
export const preflight = async (
  subjectUrl: string,
  authenticate: Authenticate,
  boundMs = PREFLIGHT_BOUND_MS,
): Promise<Preflight> => {
  checkUrl(subjectUrl);
  const user = `kit-preflight-${Math.random().toString(36).slice(2, 10)}`;
  const outcome = await attemptPatiently(await authenticate(subjectUrl, user, 'default'), boundMs);
  switch (outcome.kind) {
    case 'open':
      return { notes: [] };
    case 'no-subprotocol':
      return { notes: [`${subjectUrl} accepted the upgrade but did not select the subprotocol im.ran.v1.`] };
    case 'closed':
      throw closedAtOnce(subjectUrl, outcome.code, outcome.reason);
  }
  const probeMs = Math.min(boundMs, PROBE_BOUND_MS);
  // The wrong scheme looks like many other faults, so the other one is tried before anything is said.
  if (outcome.kind !== 'error' || schemeMayBeWrong(outcome.error)) {
    if (new URL(subjectUrl).protocol === 'ws:') {
      const suspicious = outcome.kind !== 'status' || outcome.answer.status === 400;
      if (suspicious && (await speaksTls(subjectUrl, probeMs))) throw wantsTls(subjectUrl);
    } else if (outcome.kind !== 'status' && (await speaksPlainHttp(subjectUrl, probeMs))) {
      throw wantsPlain(subjectUrl);
    }
  }
  if (outcome.kind === 'status') throw statusRefusal(subjectUrl, outcome.answer);
  if (outcome.kind === 'silence') throw silence(subjectUrl, outcome.connected, boundMs);
  throw localFault(outcome.error) ?? connectionRefusal(subjectUrl, outcome.error);
};

const checkUrl = (url: string): void => {
  const mistake = (message: string, remedy: string) => new KitError('usage', message, remedy, { field: 'url' });
  if (!URL.canParse(url)) throw mistake(`"${url}" is not a URL.`, 'Write it like ws://127.0.0.1:8080/.');
  const { protocol, hash } = new URL(url);
  if (protocol === 'http:' || protocol === 'https:') {
    throw mistake(`${url} is not a WebSocket URL.`, `Use ${url.replace(/^http/i, 'ws')} instead.`);
  }
  if (protocol !== 'ws:' && protocol !== 'wss:') {
    throw mistake(`"${url}" does not begin with ws:// or wss://.`, 'Write it like ws://127.0.0.1:8080/.');
  }
  if (hash !== '') throw mistake(`${url} holds a fragment (${hash}), which a WebSocket URL may not.`, 'Leave it out.');
};

type Outcome =
  | { kind: 'open' }
  | { kind: 'no-subprotocol' }
  | { kind: 'closed'; code: number; reason: string }
  | { kind: 'status'; answer: StatusAnswer }
  | { kind: 'silence'; connected: boolean }
  | { kind: 'error'; error: NodeJS.ErrnoException };

/** No room just now, or a gateway that did not reach its server. */
const FOR_NOW: ReadonlySet<number> = new Set([429, 502, 503, 504]);
const TRIES = 4;
const FIRST_PAUSE_MS = 50;

/** Whoever is refused for now comes again, a little later. */
const attemptPatiently = async (credentials: Credentials, boundMs: number): Promise<Outcome> => {
  for (let tries = 1; ; tries += 1) {
    const outcome = await attempt(credentials, boundMs);
    if (tries === TRIES || outcome.kind !== 'status' || !FOR_NOW.has(outcome.answer.status)) return outcome;
    await sleep(FIRST_PAUSE_MS * 2 ** tries);
  }
};

const attempt = ({ url, headers, tls }: Credentials, boundMs: number): Promise<Outcome> => {
  return new Promise((resolve) => {
    let connected = false;
    let opened = false;
    const socket = new WebSocket(url, ['im.ran.v1'], {
      ...tls,
      headers,
      followRedirects: false,
      perMessageDeflate: false,
      maxPayload: 1024 * 1024,
      finishRequest: (request: ClientRequest) => {
        request.once('socket', (raw) => raw.once('connect', () => (connected = true)));
        request.end();
      },
    });
    const end = (outcome: Outcome) => {
      clearTimeout(timer);
      socket.terminate();
      resolve(outcome);
    };
    // The client's own bound begins anew with every byte, so a server that drips would never end.
    let timer = setTimeout(() => end({ kind: 'silence', connected }), boundMs);
    socket.once('open', () => {
      opened = true;
      clearTimeout(timer);
      // Whether pings are answered is judged by a scenario; here the pong only ends the wait.
      timer = setTimeout(() => end({ kind: 'open' }), PING_BOUND_MS);
      socket.ping();
    });
    socket.once('pong', () => end({ kind: 'open' }));
    socket.once('close', (code, reason) => end({ kind: 'closed', code, reason: printable(String(reason)) }));
    socket.once(
      'unexpected-response',
      (_, response) => void readStatus(response).then((answer) => end({ kind: 'status', answer })),
    );
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // What arrives after the upgrade, however broken, is for the scenarios to judge.
      if (opened) end({ kind: 'open' });
      else end(refusalOf(error) === 'subprotocol' ? { kind: 'no-subprotocol' } : { kind: 'error', error });
    });
  });
};

const readStatus = async (response: IncomingMessage): Promise<StatusAnswer> => {
  let body = '';
  // A body that does not end is cut off; what has come until then is enough.
  const bound = setTimeout(() => response.destroy(), PING_BOUND_MS);
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      body += chunk.toString('utf8');
      if (body.length > MAX_BODY_CHARACTERS) break;
    }
  } catch {
    // The connection ended within the body.
  } finally {
    clearTimeout(bound);
  }
  const text = printable(body).replace(/\s+/g, ' ').trim().slice(0, MAX_BODY_CHARACTERS);
  const { location, server } = response.headers;
  return {
    status: response.statusCode ?? 0,
    location,
    body: text,
    server: server && printable(String(server)).slice(0, 60),
  };
};

/** Faults that also come from the other scheme; a host that is not found, for one, does not. */
const schemeMayBeWrong = ({ code = '' }: NodeJS.ErrnoException): boolean => {
  return /^(ECONNRESET|EPIPE|EPROTO|HPE_.*|ERR_SSL_.*)$/.test(code);
};
