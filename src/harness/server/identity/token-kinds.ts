import { randomBytes, type webcrypto } from 'node:crypto';
import type { NotPlayedBecause, TokenKind } from '../../../../schemas/index.js';
import { defined } from '../../../defined.js';
import type { TokenSource } from './token-command.js';

const HOUR = 3_600;
/** What no deployment takes for a token, not even one that takes bare names. */
const MALFORMED = '%%not.a,token%%';
/** In no name of a user. */
const NO_LETTER_OF_A_NAME = '!';
/** Kinds that need no key. */
const PLAIN: ReadonlySet<TokenKind> = new Set([
  'own',
  'none',
  'malformed',
  'unsigned',
  'no-signature',
  'wrong-key',
  'bare-name',
]);

export interface JwtTimes {
  iat: number;
  exp: number;
  nbf?: number;
}

/** Without a user the token names nobody. */
export type SignJwt = (user: string | undefined, device: string, times: JwtTimes) => Promise<string>;

const HMAC = { name: 'HMAC', hash: 'SHA-256' } as const;

/** Signs HS256 tokens with `sub` and `device`. Times are seconds. */
export const jwtSigner = (secret: string): SignJwt => {
  let key: Promise<webcrypto.CryptoKey> | undefined;
  return async (user, device, times) => {
    // Loaded only by those who need it.
    const { SignJWT } = await import('jose');
    key ??= crypto.subtle.importKey('raw', new TextEncoder().encode(secret), HMAC, false, ['sign']);
    return new SignJWT(defined({ sub: user, device, ...times }))
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .sign(await key);
  };
};

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** The signature of one token under the claims of another. */
const tamper = (token: string, user: string): string => {
  const [header, payload = '', signature] = token.split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as Record<string, unknown>;
  return `${header}.${encode({ ...claims, sub: `${user}-too` })}.${signature}`;
};

/** So much of a signature is left: 15 whole bytes, which any decoder takes. */
const CUT_SIGNATURE = 20;

/** The signature is right as far as it goes: wrong for whoever compares all of it. */
const cutSignature = (token: string): string => {
  const [header, payload, signature = ''] = token.split('.');
  return `${header}.${payload}.${signature.slice(0, CUT_SIGNATURE)}`;
};

/** Makes a token of a kind, or undefined for none at all. */
export const tokenOfKind = async (
  kind: TokenKind,
  user: string,
  device: string,
  own: TokenSource,
  sign: SignJwt | undefined,
): Promise<string | undefined> => {
  if (kind === 'own') return own(user, device);
  if (kind === 'none') return undefined;
  if (kind === 'bare-name') return device === 'default' ? user : `${user}/${device}`;
  const now = Math.floor(Date.now() / 1_000);
  const valid = { iat: now, exp: now + HOUR };
  if (kind === 'wrong-key') return jwtSigner(randomBytes(32).toString('base64'))(user, device, valid);
  // One says that it is not signed, the other only leaves the signature out.
  if (kind === 'unsigned' || kind === 'no-signature') {
    const alg = kind === 'unsigned' ? 'none' : 'HS256';
    return `${encode({ alg, typ: 'JWT' })}.${encode({ sub: user, device, ...valid })}.`;
  }
  if (kind === 'malformed' || !sign) return MALFORMED;
  switch (kind) {
    case 'expired':
      return sign(user, device, { iat: now - 2 * HOUR, exp: now - HOUR });
    case 'not-yet':
      return sign(user, device, { ...valid, nbf: now + HOUR, exp: now + 2 * HOUR });
    case 'cut-signature':
      return cutSignature(await sign(user, device, valid));
    case 'nameless':
      return sign(undefined, device, valid);
    case 'misnamed':
      return sign(`${user}${NO_LETTER_OF_A_NAME}`, device, valid);
    case 'tampered':
      return tamper(await sign(user, device, valid), user);
  }
};

/** Why a kind of token cannot be made; nothing when it can. */
export const whyNoToken = (kind: TokenKind, hasSecret: boolean, bearerOnly: boolean): NotPlayedBecause | undefined => {
  if (!bearerOnly) return { code: 'tokens-elsewhere' };
  return PLAIN.has(kind) || hasSecret ? undefined : { code: 'no-token', token: kind };
};
