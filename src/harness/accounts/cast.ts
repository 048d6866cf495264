import { KitError } from '../../errors.js';
import type { Scenario } from '../../script/index.js';
import type { Account } from '../options.js';

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
export const rolesOf = ({ clients, bystanders }: Pick<Scenario, 'clients' | 'bystanders'>): Map<string, string[]> => {
  const roles = new Map<string, string[]>();
  for (const { name, userOf, device } of clients) {
    const role = userOf ?? name;
    const devices = roles.get(role) ?? [];
    if (!devices.includes(device)) devices.push(device);
    roles.set(role, devices);
  }
  if (bystanders) for (const role of ['bystander-1', 'bystander-2']) roles.set(role, ['default']);
  return roles;
};

/** Who plays whom. */
export type Cast = ReadonlyMap<string, { account: PoolUser; devices: ReadonlyMap<string, string> }>;

const assign = (account: PoolUser, devices: readonly string[]): Map<string, string> => {
  const { devices: own } = account;
  if (own === undefined) return new Map(devices.map((device) => [device, device]));
  const left = own.filter((device) => !devices.includes(device));
  return new Map(devices.map((device) => [device, own.includes(device) ? device : (left.shift() ?? device)]));
};

/** A cast from these accounts, or nothing when there are too few. Those with few devices are taken first. */
export const castFrom = (free: readonly PoolUser[], roles: ReadonlyMap<string, string[]>): Cast | undefined => {
  const size = ({ devices }: PoolUser) => devices?.length ?? Number.POSITIVE_INFINITY;
  const left = [...free].sort((a, b) => size(a) - size(b));
  const cast = new Map<string, { account: PoolUser; devices: ReadonlyMap<string, string> }>();
  for (const [role, devices] of [...roles].sort((a, b) => a[1].length - b[1].length)) {
    const index = left.findIndex((account) => size(account) >= devices.length);
    const [account] = index < 0 ? [] : left.splice(index, 1);
    if (!account) return undefined;
    cast.set(role, { account, devices: assign(account, devices) });
  }
  return cast;
};

/** Throws a usage error that names the scenario which needs the most, when the pool is too small for it. */
export const checkAccounts = (accounts: readonly Account[], scenarios: readonly Scenario[]): void => {
  const pool = poolOf(accounts);
  const [worst] = scenarios
    .filter((scenario) => castFrom(pool, rolesOf(scenario)) === undefined)
    .sort((a, b) => rolesOf(b).size - rolesOf(a).size);
  if (!worst) return;
  const roles = rolesOf(worst);
  const most = Math.max(...[...roles.values()].map((devices) => devices.length));
  const devices = most > 1 ? `, one of them with ${most} devices` : '';
  throw new KitError(
    'usage',
    `--users names ${pool.length} account${pool.length === 1 ? '' : 's'}, and ${worst.id} needs ${roles.size}${devices}`,
    'Add accounts to the file, or leave the scenario out with --skip.',
  );
};

/** Why a scenario cannot be played by accounts that have been used before. */
export const whyNotWithAccounts = (
  { clients, needs, class: name }: Scenario,
  accounts: readonly Account[],
): string | undefined => {
  if (needs.chosenIds) return 'it chooses message ids itself, which an account of --users may have used before';
  if (clients.some(({ user }) => user !== undefined)) return 'it makes user ids up, and those of --users are given';
  if (name === 'multi-device' && clients.some(({ start, userOf }) => start === 'absent' && userOf !== undefined)) {
    return 'it needs a device that never connected, and those of --users may have';
  }
  const fixed = poolOf(accounts).some(({ devices }) => devices !== undefined);
  return needs.freshDevices && fixed
    ? 'it needs many devices of one user, and --users gives tokens for few'
    : undefined;
};
