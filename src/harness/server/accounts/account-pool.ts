import type { Dial } from '../../../play/index.js';
import type { Scenario } from '../../../script/index.js';
import type { Account } from '../../options.js';
import { type Assignment, assignAccounts, type PoolUser, poolOf, usersOf } from './assignment.js';
import { type Device, type DrainTimes, drain } from './drain.js';
import { EarlierMessages } from './earlier-messages.js';

/** Accounts that one scenario has for itself. */
export interface Lease {
  /** The user and the device that a client of the script is on this server. */
  identity(user: string, device: string): Device;
  /** Whether the account sent that message before this scenario had it. */
  wasSentEarlier(user: string, msgId: string): boolean;
  /** The account sends it now. Later scenarios may get its receipt again. */
  noteSent(user: string, msgId: string): void;
  /** Gives the accounts back. `settled`: everything that was sent is known to be delivered and acked. */
  release(settled: boolean): Promise<void>;
  /** Gives the accounts back as they are, because nobody can empty them now. */
  abandon(): void;
}

interface Waiting {
  users: Map<string, string[]>;
  take: (assignment: Assignment) => void;
}

export interface PoolOptions extends DrainTimes {
  dial: Dial;
  /** Each device has a queue of its own: what one scenario used, another may leave full. */
  devicesApart: boolean;
}

/**
 * A fixed pool of accounts on one server. Scenarios take turns: each waits until as many accounts are free as it needs,
 * first come, first served. Before the first scenario, and after each that may have left something behind, the
 * accounts are drained, so that none finds messages or receipts of another.
 */
export class AccountPool {
  readonly #options: PoolOptions;
  readonly #all: readonly PoolUser[];
  readonly #free: Set<PoolUser>;
  /** Devices that may have something waiting. */
  readonly #used = new Map<PoolUser, Set<string>>();
  readonly #waiting: Waiting[] = [];
  readonly #earlier = new EarlierMessages();
  #ready: Promise<void> | undefined;

  constructor(accounts: readonly Account[], options: PoolOptions) {
    this.#options = options;
    this.#all = poolOf(accounts);
    this.#free = new Set(this.#all);
    for (const account of this.#all) this.#used.set(account, new Set(account.devices ?? ['default']));
  }

  /** Empties all accounts, once. Rejects with a usage error when one cannot connect or is never quiet. */
  ready(): Promise<void> {
    this.#ready ??= this.#drain(this.#all);
    return this.#ready;
  }

  /** Waits for its turn. */
  async lease(scenario: Scenario): Promise<Lease> {
    await this.ready();
    const assignment = await new Promise<Assignment>((take) => {
      this.#waiting.push({ users: usersOf(scenario), take });
      this.#serve();
    });
    const own: [user: string, msgId: string][] = [];
    const remember = (): void => {
      for (const [user, msgId] of own.splice(0)) this.#earlier.note(user, msgId);
    };
    return {
      wasSentEarlier: (user, msgId) => this.#earlier.has(user, msgId),
      noteSent: (user, msgId) => own.push([user, msgId]),
      identity: (user, device) => {
        const part = assignment.get(user);
        if (!part) throw new Error(`${user} has no account`);
        return { user: part.account.user, device: part.devices.get(device) ?? device };
      },
      release: (settled) => {
        remember();
        return this.#release(assignment, settled);
      },
      abandon: () => {
        remember();
        this.#setFree(assignment);
      },
    };
  }

  #serve(): void {
    for (let [next] = this.#waiting; next; [next] = this.#waiting) {
      const assignment = assignAccounts([...this.#free], next.users);
      if (!assignment) return;
      this.#waiting.shift();
      for (const { account, devices } of assignment.values()) {
        this.#free.delete(account);
        for (const device of devices.values()) this.#used.get(account)?.add(device);
      }
      next.take(assignment);
    }
  }

  async #release(assignment: Assignment, settled: boolean): Promise<void> {
    const accounts = [...assignment.values()].map(({ account }) => account);
    try {
      if (!settled || this.#mayHoldMore(assignment)) await this.#drain(accounts);
    } finally {
      this.#setFree(assignment);
    }
  }

  /** A device that an earlier scenario used, and this one did not, has got a copy of every message to its user. */
  #mayHoldMore(assignment: Assignment): boolean {
    if (!this.#options.devicesApart) return false;
    return [...assignment.values()].some(({ account, devices }) => (this.#used.get(account)?.size ?? 0) > devices.size);
  }

  #setFree(assignment: Assignment): void {
    for (const { account } of assignment.values()) this.#free.add(account);
    this.#serve();
  }

  #drain(accounts: readonly PoolUser[]): Promise<void> {
    const devices = accounts.flatMap((account) =>
      [...(this.#used.get(account) ?? [])].map((device) => ({ user: account.user, device })),
    );
    return drain(this.#options.dial, devices, {
      ...this.#options,
      onReceipt: (user, msgId) => this.#earlier.note(user, msgId),
    });
  }
}
