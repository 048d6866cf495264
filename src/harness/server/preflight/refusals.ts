import { KitError } from '../../../errors.js';

/** The upgrade was answered with a status other than 101. */
export interface StatusAnswer {
  status: number;
  location: string | undefined;
  /** Who answered, by its header `Server`. */
  server?: string | undefined;
  /** Beginning of the body, printable. */
  body: string;
}

const unreachable = (message: string, remedy: string, cause?: unknown) =>
  new KitError('unreachable', message, remedy, cause === undefined ? {} : { cause });

/** Says what a refused upgrade means. */
export const statusRefusal = (url: string, { status, location, body, server }: StatusAnswer): KitError => {
  const said = `${server === undefined ? '' : ` The answer is of ${server}.`}${body === '' ? '' : ` It said: ${body}`}`;
  const answered = `${url} answered the WebSocket upgrade with HTTP ${status}.${said}`;
  if (status === 401 || status === 403) {
    return unreachable(
      `${url} does not accept the kit's token: it answered the WebSocket upgrade with HTTP ${status}.${said}`,
      status === 403
        ? "Tell the kit how its clients log in (--token, --jwt-secret, --token-command or --header); a server that checks where a page comes from wants --header 'Origin: https://…'."
        : 'Tell the kit how its clients log in: --token, --jwt-secret, --token-command or --header.',
    );
  }
  if (status >= 300 && status < 400) {
    return unreachable(
      `${url} redirects the WebSocket upgrade (HTTP ${status}) to ${location ?? 'nowhere'}.`,
      'Give the url that it leads to; the kit follows no redirects.',
    );
  }
  if (status === 404)
    return unreachable(
      answered,
      'Is the path right? Give the full url of the WebSocket endpoint. A proxy before it must pass on the headers Upgrade and Connection, or the server sees a plain GET.',
    );
  if (status === 400 || status === 426) {
    return unreachable(
      answered,
      'The server must accept a WebSocket upgrade (RFC 6455, version 13) that offers the subprotocol im.ran.v1.',
    );
  }
  if (status === 429)
    return unreachable(answered, 'Lift the rate limit of the server for the kit; it opens many connections.');
  if (status === 502 || status === 503 || status === 504)
    return unreachable(
      answered,
      'Look at the log of the server, or of the gateway before it: with 502 and 504 the gateway did not reach its server.',
    );
  if (status >= 500) return unreachable(answered, 'Look at the log of the server, or of the gateway before it.');
  return unreachable(
    answered,
    'Is there a WebSocket endpoint at this url? A server accepts the upgrade with HTTP 101.',
  );
};

/** Node's codes for a certificate that is not trusted. */
const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_(VERIFY|GET_ISSUER)|ALTNAME|HOSTNAME_MISMATCH|CRL/;

/** Says what the error of a connection attempt means. `error` is what the WebSocket client reported. */
export const connectionRefusal = (url: string, error: NodeJS.ErrnoException): KitError => {
  const { host } = new URL(url);
  const code = error.code ?? '';
  switch (code) {
    case 'ENOTFOUND':
      return unreachable(`No host named "${host}" was found.`, `Check the spelling of the host in ${url}.`, error);
    case 'EAI_AGAIN':
      return unreachable(
        `The host "${host}" could not be looked up: no name server answered.`,
        'Check the network of this machine and the spelling of the host.',
        error,
      );
    case 'ECONNREFUSED':
      return unreachable(
        `Nothing listens at ${url}: the connection was refused.`,
        'Start the server first, or check host and port; --exec lets the kit start it.',
        error,
      );
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ETIMEDOUT':
    case 'EADDRNOTAVAIL':
      return unreachable(
        `The host of ${url} cannot be reached (${code}).`,
        'Check the host, the network and firewalls between here and there.',
        error,
      );
    case 'ECONNRESET':
    case 'EPIPE':
      return unreachable(
        `${url} took the connection and closed it before it answered the WebSocket upgrade.`,
        'Check that the port is that of the WebSocket server, and look at its log.',
        error,
      );
  }
  if (code.startsWith('HPE_')) {
    return unreachable(
      `${url} did not answer in HTTP, so it is no WebSocket server.`,
      'Check the port: another kind of server listens there.',
      error,
    );
  }
  if (CERTIFICATE.test(code)) return certificateRefusal(url, error, code);
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_')) {
    return unreachable(
      `The TLS handshake with ${url} failed (${code}).`,
      'Check the TLS settings of the server.',
      error,
    );
  }
  return unreachable(
    `The WebSocket upgrade at ${url} failed: ${error.message}.`,
    'The server must answer the upgrade as RFC 6455 says; look at its log.',
    error,
  );
};

/** Says what is wrong with a certificate. Each fault has a remedy of its own; --insecure is the last of them. */
const certificateRefusal = (url: string, error: NodeJS.ErrnoException, code: string): KitError => {
  const { hostname } = new URL(url);
  const [fault, remedy] =
    code === 'CERT_HAS_EXPIRED'
      ? ['has expired', 'Give the server a certificate that is still valid, and check the clock of this machine.']
      : code === 'CERT_NOT_YET_VALID'
        ? ['is not valid yet', 'Check the clock of this machine and the dates of the certificate.']
        : code === 'ERR_TLS_CERT_ALTNAME_INVALID' || code === 'HOSTNAME_MISMATCH'
          ? [
              `is for another host: ${error.message}`,
              `Use a name that the certificate holds, or a certificate for ${hostname}.`,
            ]
          : /SELF_SIGNED|UNABLE_TO/.test(code)
            ? [
                `comes from an authority that this machine does not know (${error.message})`,
                'Give the certificate of that authority with --ca FILE; a self-signed one is its own authority.',
              ]
            : [`is not trusted: ${error.message}`, 'Correct the certificate.'];
  return unreachable(
    `The certificate of ${url} ${fault} (${code}).`,
    `${remedy} For a test set-up, --insecure checks no certificate.`,
    error,
  );
};

/** Nothing came within the bound. `connected`: the TCP connection at least was taken. */
export const silence = (url: string, connected: boolean, boundMs: number): KitError => {
  return connected
    ? unreachable(
        `${url} takes connections but did not answer the WebSocket upgrade within ${boundMs} ms.`,
        'Check that the port is that of the WebSocket server and that the server is not stuck.',
      )
    : unreachable(
        `${url} did not take a connection within ${boundMs} ms.`,
        'Check host and port, and firewalls that drop packets without a word.',
      );
};

export const wantsTls = (url: string): KitError => {
  return unreachable(
    `${url} speaks TLS, but the url asks for a plain connection.`,
    `Use ${url.replace(/^ws:/i, 'wss:')} instead.`,
  );
};

export const wantsPlain = (url: string): KitError => {
  return unreachable(
    `${url} does not speak TLS; a plain HTTP server answers there.`,
    `Use ${url.replace(/^wss:/i, 'ws:')}, or give the server a certificate.`,
  );
};

export const closedAtOnce = (url: string, code: number, reason: string): KitError => {
  return unreachable(
    `${url} accepted the WebSocket upgrade and closed the connection at once (code ${code}${reason === '' ? '' : `, "${reason}"`}).`,
    'Look at the log of the server; a refused token must be answered with HTTP 401 instead.',
  );
};
