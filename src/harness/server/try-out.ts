import { randomBytes } from 'node:crypto';
import type { Description, Timers } from '../../../schemas/index.js';
import type { RunOptions } from '../options.js';
import { type Authenticate, tlsOf } from './credentials.js';
import { timersOf } from './description/index.js';
import type { ServerInstance } from './instance.js';
import { type NetworkMeter, Sentinel, speedOf } from './network/index.js';
import { type HelloUser, hello } from './preflight/index.js';

/** The first upgrade comes from as far away as nobody knows yet. */
const HELLO_CONNECT_MS = 10_000;

/** Two users who are sure to get in: fresh ones, or the first two accounts. */
const helloUsers = async (
  { users }: RunOptions,
  url: string,
  authenticate: Authenticate,
): Promise<{ alice: HelloUser; bob: HelloUser }> => {
  const fresh = () => ({ user: `kit-hello-${randomBytes(4).toString('hex')}`, device: 'default' });
  const accounts = users?.map(({ user, device = 'default' }) => ({ user, device }));
  const [alice = fresh(), second] = accounts ?? [];
  const bob =
    accounts?.find(({ user }) => user !== alice.user) ?? (accounts === undefined ? fresh() : (second ?? alice));
  const withToken = async (who: { user: string; device: string }): Promise<HelloUser> => {
    const { headers } = await authenticate(url, who.user, who.device);
    return { ...who, token: /^Bearer (\S+)$/.exec(String(headers.Authorization ?? ''))?.[1] };
  };
  return { alice: await withToken(alice), bob: await withToken(bob) };
};

/** A way there and back that comes near the time after which a silent peer is dead: living peers look dead then. */
const nearDeath = ({ roundTripMs }: NetworkMeter, { deadAfterMs }: Timers): string[] =>
  roundTripMs <= deadAfterMs / 4
    ? []
    : [
        `a packet to the server and back takes up to ${roundTripMs} ms, which comes near its deadAfterMs of ${deadAfterMs} ms: it may take the kit for dead, and then nothing is concluded from that`,
      ];

/** One message from a user to another shows a wrong set-up, and how the network is. */
export const tryOut = async (
  options: RunOptions,
  { subject, dial }: Pick<ServerInstance, 'subject' | 'dial'>,
  authenticate: Authenticate,
  description: Description,
  network: NetworkMeter,
): Promise<string[]> => {
  const timers = timersOf(description);
  const boundMs = timers.answerWithinMs + options.patienceMs;
  const { tried, notes } = await hello({
    url: subject.url,
    dial,
    ...(await helloUsers(options, subject.url, authenticate)),
    connectMs: Math.max(boundMs, HELLO_CONNECT_MS),
    answerMs: boundMs,
  });
  network.speed = speedOf(tried);
  // On the kit's own machine nothing but the server itself can stand still.
  if (!subject.control) network.watch(new Sentinel(subject.url, tlsOf(options)));
  return [...notes, ...nearDeath(network, timers)];
};
