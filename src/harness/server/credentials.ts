import { defined } from '../../defined.js';
import type { TokenChoice } from '../../play/index.js';
import type { RunOptions } from '../options.js';

/** How far certificates are trusted. */
export interface TlsTrust {
  /** Certificate authorities in PEM, instead of those that the system knows. */
  ca?: string;
  /** False: no certificate is checked. */
  rejectUnauthorized?: false;
}

/** How to open a connection as one user and device. */
export interface Credentials {
  url: string;
  headers: Record<string, string | string[]>;
  tls?: TlsTrust;
}

/** `tokens`: other tokens than the one that the options of the kit make. */
export type Authenticate = (
  baseUrl: string,
  user: string,
  device: string,
  tokens?: TokenChoice,
) => Promise<Credentials>;

/** How far the options trust certificates. */
export const tlsOf = ({ ca, insecure }: Pick<RunOptions, 'ca' | 'insecure'>): TlsTrust =>
  defined({ ca, rejectUnauthorized: insecure ? (false as const) : undefined });
