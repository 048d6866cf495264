import { WIRE } from '../../schemas/wire.js';

/** What a server must know to decide on a WebSocket upgrade. */
export interface AdmissionFacts {
  path: string;
  identity: Identity | undefined;
  offeredSubprotocols: readonly string[];
  stopping: boolean;
  connections: number;
  maxConnections: number;
  /** Connections of this user on other devices: one that replaces its elder takes no new place. */
  otherConnectionsOfUser: number;
  maxConnectionsPerUser: number;
}

export interface Identity {
  user: string;
  device: string;
}

export interface Refusal {
  httpStatus: number;
  reason: string;
}

const USER = /^[A-Za-z0-9._@-]{1,64}$/;
const DEVICE = /^[A-Za-z0-9._-]{1,32}$/;

/** Undefined: one of the two is no legal name. */
export const identityOf = (user: unknown, device: unknown = 'default'): Identity | undefined =>
  typeof user === 'string' && USER.test(user) && typeof device === 'string' && DEVICE.test(device)
    ? { user, device }
    : undefined;

/** Reads a test token, the bare `user` or `user/device`. Undefined: no such token. */
export const readToken = (token: string): Identity | undefined => {
  const [user, device, ...rest] = token.split('/');
  return rest.length === 0 ? identityOf(user, device) : undefined;
};

/**
 * The token of an upgrade, of all its Authorization headers and all its query parameters. A Bearer header decides alone,
 * also when it is unusable (IM-1-23); a header of another scheme is no token. A place that holds two holds none.
 */
export const findToken = (authorization: readonly string[], query: readonly string[]): string | undefined => {
  const bearers = authorization.filter((header) => /^bearer( |$)/i.test(header));
  if (bearers.length === 0) return query.length === 1 ? query[0] : undefined;
  return bearers.length === 1 ? /^bearer +(\S+) *$/i.exec(bearers[0] ?? '')?.[1] : undefined;
};

type Check = (facts: AdmissionFacts) => Refusal | undefined;

const checkPath: Check = ({ path }) =>
  path === '/' ? undefined : { httpStatus: 404, reason: 'the WebSocket endpoint is /' };

const checkIdentity: Check = ({ identity }) =>
  identity ? undefined : { httpStatus: 401, reason: 'needs a valid token as Authorization: Bearer or ?access_token=' };

const checkSubprotocol: Check = ({ offeredSubprotocols }) =>
  offeredSubprotocols.includes(WIRE.subprotocol)
    ? undefined
    : { httpStatus: 400, reason: `offer the subprotocol ${WIRE.subprotocol}` };

const checkRunning: Check = ({ stopping }) =>
  stopping ? { httpStatus: 503, reason: 'the server is stopping' } : undefined;

const checkConnections: Check = ({ connections, maxConnections }) =>
  connections >= maxConnections ? { httpStatus: 503, reason: 'too many connections' } : undefined;

const checkConnectionsOfUser: Check = ({ otherConnectionsOfUser, maxConnectionsPerUser }) =>
  otherConnectionsOfUser >= maxConnectionsPerUser
    ? { httpStatus: 429, reason: 'too many connections of this user' }
    : undefined;

/** The token is checked before the subprotocol (IM-1-2): a stranger learns nothing. */
export const ADMISSION_CHECKS: readonly Check[] = [
  checkPath,
  checkIdentity,
  checkSubprotocol,
  checkRunning,
  checkConnections,
  checkConnectionsOfUser,
];

/** Decides on an upgrade. Undefined: let it in. */
export const refuseAdmission = (facts: AdmissionFacts): Refusal | undefined => {
  for (const check of ADMISSION_CHECKS) {
    const refusal = check(facts);
    if (refusal) return refusal;
  }
  return undefined;
};
