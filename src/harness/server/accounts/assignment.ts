import type { NotPlayedBecause } from '../../../../schemas/index.js';
import { KitError } from '../../../errors.js';
import type { Scenario } from '../../../script/index.js';
import type { Account } from '../../options.js';

type UsedBefore = Extract<NotPlayedBecause, { code: 'account-used-before' }>['needs'];

/** A user of the pool. */
export interface PoolUser {
  readonly user: string;
  /** The devices that have tokens of their own; undefined: a token can be made for any device. */
  readonly devices: readonly string[] | undefined;
}

/** Lines of the same user belong together. A line with a token is good for that device only. */
export const poolOf = (accounts: readonly Account[]): PoolUser[] => {
  const byUser = new Map<string, Set<string> | undefined>();
  for (const { user, device, token } of accounts) {
    if (token === undefined && device === undefined) byUser.set(user, undefined);
    else if (!byUser.has(user) || byUser.get(user) !== undefined) {
      byUser.set(user, (byUser.get(user) ?? new Set()).add(device ?? 'default'));
    }
  }
  return [...byUser].map(([user, devices]) => ({ user, devices: devices && [...devices] }));
};

/** The users that a scenario needs, and the devices of each. */
export const usersOf = ({ clients, bystanders }: Pick<Scenario, 'clients' | 'bystanders'>): Map<string, string[]> => {
  const users = new Map<string, string[]>();
  for (const { name, userOf, device } of clients) {
    const user = userOf ?? name;
    const devices = users.get(user) ?? [];
    if (!devices.includes(device)) devices.push(device);
    users.set(user, devices);
  }
  if (bystanders) for (const user of ['bystander-1', 'bystander-2']) users.set(user, ['default']);
  return users;
};

/** Which account is which user of a script. */
export type Assignment = ReadonlyMap<string, { account: PoolUser; devices: ReadonlyMap<string, string> }>;

const assignDevices = (account: PoolUser, devices: readonly string[]): Map<string, string> => {
  const { devices: own } = account;
  if (own === undefined) return new Map(devices.map((device) => [device, device]));
  const left = own.filter((device) => !devices.includes(device));
  return new Map(devices.map((device) => [device, own.includes(device) ? device : (left.shift() ?? device)]));
};

/** An assignment of these accounts, or nothing when there are too few. Those with few devices are taken first. */
export const assignAccounts = (
  free: readonly PoolUser[],
  users: ReadonlyMap<string, string[]>,
): Assignment | undefined => {
  const size = ({ devices }: PoolUser) => devices?.length ?? Number.POSITIVE_INFINITY;
  const left = [...free].sort((a, b) => size(a) - size(b));
  const assignment = new Map<string, { account: PoolUser; devices: ReadonlyMap<string, string> }>();
  for (const [user, devices] of [...users].sort((a, b) => a[1].length - b[1].length)) {
    const index = left.findIndex((account) => size(account) >= devices.length);
    const [account] = index < 0 ? [] : left.splice(index, 1);
    if (!account) return undefined;
    assignment.set(user, { account, devices: assignDevices(account, devices) });
  }
  return assignment;
};

/** Throws a usage error that names the scenario which needs the most, when the pool is too small for it. */
export const checkAccounts = (accounts: readonly Account[], scenarios: readonly Scenario[]): void => {
  const pool = poolOf(accounts);
  const [worst] = scenarios
    .filter((scenario) => assignAccounts(pool, usersOf(scenario)) === undefined)
    .sort((a, b) => usersOf(b).size - usersOf(a).size);
  if (!worst) return;
  const users = usersOf(worst);
  const most = Math.max(...[...users.values()].map((devices) => devices.length));
  const devices = most > 1 ? `, one of them with ${most} devices` : '';
  throw new KitError(
    'usage',
    `--users names ${pool.length} account${pool.length === 1 ? '' : 's'}, and ${worst.id} needs ${users.size}${devices}`,
    'Add accounts to the file, or leave the scenario out with --skip.',
    { field: 'users' },
  );
};

/** Why a scenario cannot be played by accounts that have been used before. */
export const whyNotWithAccounts = (
  { clients, needs, class: name }: Scenario,
  accounts: readonly Account[],
): NotPlayedBecause | undefined => {
  const used = (what: UsedBefore): NotPlayedBecause => ({ code: 'account-used-before', needs: what });
  if (needs.chosenIds) return used('message-ids');
  if (clients.some(({ user }) => user !== undefined)) return used('user-ids');
  if (name === 'multi-device' && clients.some(({ start, userOf }) => start === 'absent' && userOf !== undefined)) {
    return used('device');
  }
  const fixed = poolOf(accounts).some(({ devices }) => devices !== undefined);
  return needs.freshDevices && fixed ? used('devices') : undefined;
};
