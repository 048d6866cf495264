import { spawn } from 'node:child_process';
import { KitError } from '../../../errors.js';
import { signalGroup } from '../../process/group.js';
import { guardGroup, releaseGroup } from '../../process/guard.js';
import { OutputTail } from '../../process/output-tail.js';
import { quoteCommand } from '../../process/running-command.js';
import { checkIds, fillIdentity } from './fill-identity.js';

export const TOKEN_COMMAND_BOUND_MS = 10_000;
const MAX_AT_ONCE = 8;
const MAX_CACHED = 10_000;
const MAX_STDOUT_BYTES = 64 * 1024;

export type TokenSource = (user: string, device: string) => Promise<string>;

/**
 * Tokens from a command of the user's: one run for each user and device, at most 8 runs at once. `{user}` and
 * `{device}` are filled in and given as IM_USER and IM_DEVICE; the trimmed stdout is the token.
 */
export const tokensOfCommand = (command: string, boundMs = TOKEN_COMMAND_BOUND_MS): TokenSource => {
  const cache = new Map<string, Promise<string>>();
  const waiting: (() => void)[] = [];
  let running = 0;

  const run = async (user: string, device: string): Promise<string> => {
    if (running >= MAX_AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      return await runOnce(command, user, device, boundMs);
    } finally {
      // The place goes to the next one in line, if there is one.
      const next = waiting.shift();
      if (next === undefined) running--;
      else next();
    }
  };

  return (user, device) => {
    const key = `${user}/${device}`;
    const known = cache.get(key);
    if (known !== undefined) return known;
    const token = run(user, device);
    cache.set(key, token);
    // A failure is not kept: the next connection tries again.
    token.catch(() => cache.delete(key));
    const oldest = cache.size > MAX_CACHED ? cache.keys().next().value : undefined;
    if (oldest !== undefined) cache.delete(oldest);
    return token;
  };
};

const runOnce = async (template: string, user: string, device: string, boundMs: number): Promise<string> => {
  checkIds(user, device);
  const command = fillIdentity(template, { user, device });
  const child = spawn(command, {
    shell: true,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, IM_USER: user, IM_DEVICE: device },
  });
  const { pid } = child;
  if (pid !== undefined) guardGroup(pid);
  const errors = new OutputTail();
  const chunks: Buffer[] = [];
  let bytes = 0;
  let verdict: string | undefined;
  const stop = (reason: string) => {
    verdict ??= reason;
    if (pid !== undefined) signalGroup(pid, 'SIGKILL');
    // Somebody outside of the group may hold the pipes open; the kit does not wait for them.
    child.stdout.destroy();
    child.stderr.destroy();
  };
  child.stderr.on('data', (chunk: Buffer) => errors.add(chunk));
  child.stdout.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= MAX_STDOUT_BYTES) chunks.push(chunk);
    else stop(`printed more than ${MAX_STDOUT_BYTES} bytes`);
  });
  const ending = await new Promise<string>((resolve) => {
    const timer = setTimeout(() => stop(`did not end within ${boundMs} ms`), boundMs);
    const end = (how: string) => {
      clearTimeout(timer);
      resolve(how);
    };
    child.once('error', (error) => end(`could not be started: ${error.message}`));
    child.once('close', (code, signal) => end(signal === null ? `ended with code ${code}` : `was ended by ${signal}`));
  });
  if (pid !== undefined) {
    // What the command left running in the background is not needed for a token.
    signalGroup(pid, 'SIGKILL');
    releaseGroup(pid);
  }
  const token = Buffer.concat(chunks).toString('utf8').trim();
  verdict ??= ending === 'ended with code 0' ? flawOf(token) : ending;
  if (verdict !== undefined) throw failure(command, verdict, errors.text());
  return token;
};

const flawOf = (token: string): string | undefined => {
  if (token === '') return 'printed no token on stdout';
  if (!/^[\x21-\x7e]+$/.test(token))
    return 'printed something that is not one token (spaces, several lines, or other characters)';
  return undefined;
};

const failure = (command: string, verdict: string, stderr: string): KitError => {
  return new KitError(
    'usage',
    `The token command ${quoteCommand(command)} ${verdict}.${stderr === '' ? '' : ` Its stderr ended with:\n${stderr.slice(-500)}`}`,
    'Run it by hand: it must print one token for {user} and {device} (also in IM_USER and IM_DEVICE) and end with code 0.',
    { field: 'token-command' },
  );
};
