import type { IncomingMessage } from 'node:http';
import { type Identity, type Refusal, refuseAdmission } from '../../protocol/index.js';
import type { Loop } from './commit-loop.js';
import { readUpgrade, type UpgradeRequest } from './http.js';
import type { ServerLimits } from './options.js';
import type { Registry } from './registry.js';
import type { Registration } from './requests.js';
import type { TokenReader } from './tokens.js';
import type { UserCache } from './user-cache.js';

export interface AdmissionHost {
  limits: ServerLimits;
  registry: Registry;
  cache: UserCache;
  commitLoop: Loop;
  readToken: TokenReader;
  /** Class `multi-device`: devices are stored, like users. */
  multiDevice: boolean;
  isStopping(): boolean;
  /** In a cluster each connection is known to all nodes before it opens; one that does not open after all is told here. */
  onNotOpened?: (identity: Identity) => void;
}

export type Decision = { identity: Identity } | { refusal: Refusal };

const REFUSALS: Readonly<Record<Exclude<Registration, 'stored'>, Refusal>> = {
  failed: { httpStatus: 503, reason: 'try again later' },
  'too-many-devices': { httpStatus: 429, reason: 'too many devices of this user' },
};

/** Decides on upgrades: who it is, whether there is room, and that the user is stored before anybody is told. */
export class Admission {
  readonly #host: AdmissionHost;
  /** Upgrades that wait for their user to be stored. */
  #admitting = 0;

  constructor(host: AdmissionHost) {
    this.#host = host;
  }

  async admit(request: IncomingMessage): Promise<Decision> {
    const upgrade = readUpgrade(request);
    const identity = upgrade.token === undefined ? undefined : await this.#host.readToken(upgrade.token);
    const refusal = this.#refuse(upgrade, identity);
    if (refusal) return { refusal };
    // Nobody gets past the checks without an identity.
    const { user, device } = identity as Identity;
    if (this.#isStored(user, device)) return { identity: { user, device } };
    const registration = await this.#store(user, device);
    if (registration !== 'stored') return { refusal: REFUSALS[registration] };
    // Meanwhile the server may have begun to stop, or others may have taken the last places.
    const late = this.#refuse(upgrade, identity);
    if (late) this.#host.onNotOpened?.({ user, device });
    return late ? { refusal: late } : { identity: { user, device } };
  }

  #refuse(upgrade: UpgradeRequest, identity: Identity | undefined): Refusal | undefined {
    const { registry, limits, isStopping } = this.#host;
    return refuseAdmission({
      ...upgrade,
      identity,
      stopping: isStopping(),
      connections: registry.size + this.#admitting,
      maxConnections: limits.maxConnections,
      otherConnectionsOfUser: identity ? registry.connectionsOnOtherDevices(identity.user, identity.device) : 0,
      maxConnectionsPerUser: limits.maxConnectionsPerUser,
    });
  }

  #isStored(user: string, device: string): boolean {
    if (this.#host.onNotOpened) return false;
    const devices = this.#host.cache.devicesOf(user);
    return devices !== undefined && (!this.#host.multiDevice || devices.includes(device));
  }

  /** A user exists from the first connection on, and must still exist when the server was killed right after it. */
  async #store(user: string, device: string): Promise<Registration> {
    this.#admitting += 1;
    try {
      return await new Promise<Registration>((done) => {
        this.#host.commitLoop.submit({ kind: 'user', user, device, done });
      });
    } finally {
      this.#admitting -= 1;
    }
  }
}
