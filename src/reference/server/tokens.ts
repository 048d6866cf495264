import { type Identity, identityOf, readToken } from '../../protocol/index.js';

/** Resolves with who the bearer of a token is; undefined: the token is not valid. */
export type TokenReader = (token: string) => Promise<Identity | undefined>;

const bareNames: TokenReader = async (token) => readToken(token);

/**
 * JWTs, signed with HS256 and this secret and with nothing else, whatever their header says. `exp` and `nbf` count when
 * they are there.
 */
const signedTokens = async (secret: string): Promise<TokenReader> => {
  const { jwtVerify } = await import('jose');
  const bytes = new TextEncoder().encode(secret);
  const key = await crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['verify']);
  return async (token) => {
    try {
      const { payload } = await jwtVerify(token, key, { algorithms: ['HS256'] });
      return identityOf(payload.sub, payload.device);
    } catch {
      return undefined;
    }
  };
};

/** Without a secret a token is the bare name of a user, for tests. The library for JWTs is loaded only with one. */
export const createTokenReader = async (jwtSecret: string | undefined): Promise<TokenReader> =>
  jwtSecret === undefined ? bareNames : await signedTokens(jwtSecret);
