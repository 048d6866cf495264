import { KitError } from '../errors.js';

const FILES = 'Raise the limit of this shell with `ulimit -n`, or lower --concurrency and --instances.';
const DISK = 'Make room on that disk, or set TMPDIR to another one.';

/** What this machine refused to the kit itself, by the code of the system, and what helps. */
const REFUSALS: Readonly<Record<string, readonly [why: string, remedy: string]>> = {
  EMFILE: ['the kit may open no more files and sockets', FILES],
  ENFILE: ['this machine may open no more files and sockets', FILES],
  ENOBUFS: ['this machine has no more memory for sockets', FILES],
  ENOMEM: ['this machine has no more memory', 'Lower --concurrency and --instances.'],
  EAGAIN: ['this machine may start no more processes', 'Lower --instances, or raise `ulimit -u`.'],
  EADDRNOTAVAIL: ['this machine has no free local port left', 'Lower --concurrency, or wait a minute.'],
  ENOSPC: ['there is no room left on a disk of this machine', DISK],
  EDQUOT: ['there is no room left on a disk of this machine', DISK],
  EROFS: ['a disk of this machine cannot be written', DISK],
};

/** An error that says nothing about the subject, because this machine refused something to the kit: then a KitError `kit`. */
export const localFault = (cause: unknown): KitError | undefined => {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const refusal = REFUSALS[code];
  if (cause instanceof KitError || refusal === undefined) return undefined;
  return new KitError('kit', `${refusal[0]} (${code}): nothing can be said about the server`, refusal[1], { cause });
};
