import { answer, endForAll, tellExpired, tellSender } from '../server/answer.js';
import { type Decider, decide } from '../server/decide.js';
import type { ExpiryClock } from '../server/expiry-clock.js';
import { isOver } from '../server/records.js';
import { loadWorkingSet } from '../server/working-set.js';
import type { Appender, Proposal } from './appender.js';
import type { ClusterHost } from './cluster-loop.js';
import { requestOf, settle } from './cluster-requests.js';
import { type Command, readEntry } from './commands.js';
import type { LogEvent } from './log.js';
import type { Membership } from './membership.js';
import type { Places } from './places.js';
import type { Presence } from './presence.js';
import type { ClusterState } from './state.js';

export interface LogApplierHost {
  host: ClusterHost;
  state: ClusterState;
  membership: Membership;
  appender: Appender;
  places: Places;
  expiry: ExpiryClock;
  /** The sender must hear `stored`: the log brings it to the node on which it is. */
  tellStored(message: { from: string; msgId: string }): void;
}

/** Messages that expire, or are forgotten, in one entry at most; the others follow in the next. */
const EXPIRE_LIMIT = 1_000;

/**
 * Applies what the log tells to the state of this node, with the decisions of the single server. What is decided is the
 * same on every node; each tells its own connections of it.
 */
export class LogApplier {
  readonly #host: ClusterHost;
  readonly #state: ClusterState;
  readonly #presence: Presence;
  readonly #membership: Membership;
  readonly #appender: Appender;
  readonly #places: Places;
  readonly #expiry: ExpiryClock;
  readonly #tellStored: LogApplierHost['tellStored'];
  #seq = 0;

  constructor({ host, state, membership, appender, places, expiry, tellStored }: LogApplierHost) {
    this.#host = host;
    this.#state = state;
    this.#presence = state.presence;
    this.#membership = membership;
    this.#appender = appender;
    this.#places = places;
    this.#expiry = expiry;
    this.#tellStored = tellStored;
  }

  /** A snapshot has taken the place of what was applied. */
  loaded(): void {
    this.#seq = this.#state.store.lastSeq;
  }

  /** To be called with one event after the other, in the order of the log. */
  async apply(event: LogEvent): Promise<void> {
    if (event.kind === 'entry') {
      await this.#applyEntry(event.key, event.text);
    } else if (event.kind === 'joined') {
      this.#presence.joined(event.node, event.life);
      this.#membership.joined(event.node, event.life);
    } else if (event.kind === 'left') {
      this.#presence.left(event.node);
      const { lease } = this.#membership;
      if (
        event.node === this.#host.node &&
        lease &&
        !this.#presence.isAlive(lease.life) &&
        this.#membership.isServing
      ) {
        this.#membership.lapse(lease.life);
      }
    }
  }

  async #applyEntry(key: string, text: string): Promise<void> {
    const { store, cache, cork, maxInboxMessages } = this.#host;
    const { life, at, commands } = readEntry(text);
    const own = this.#appender.take(key);
    // The engine has no time of its own: that of the nodes counts, and never goes back.
    this.#state.now = Math.max(this.#state.now, at);
    const due = commands.some(([kind]) => kind === 'x') ? await store.findDue(this.#state.now, EXPIRE_LIMIT) : [];
    const requests = commands.map((command, index) => requestOf(command, own?.[index], due, this.#host.multiDevice));
    const asked = requests.filter((request) => request !== undefined);
    const workingSet = await loadWorkingSet(asked, store, cache, maxInboxMessages);
    const { outcomes, changes, expired } = decide(asked, workingSet, this.#decider(life));
    if (changes.length > 0) await store.commit(changes);
    this.#state.counts.committed(changes, this.#state.now, life, this.#membership.isOwn(life));
    for (const outcome of outcomes) if (outcome.kind === 'user') cache.setUser(outcome.request.user, outcome.devices);
    if (asked.length > 0) this.#expiry.set(await store.nextExpiry());
    for (const command of commands) {
      if (command[0] === 's') await this.#tell(command[1], command[2]);
      else if (command[0] === 'p') await this.#forget(command[1], this.#membership.isOwn(life));
    }
    cork.gather(() => {
      for (const one of expired) tellExpired(one, this.#host.registry);
      let next = 0;
      for (const [index, command] of commands.entries()) {
        const outcome = requests[index] === undefined ? undefined : outcomes[next++];
        if (command[0] === 'g') this.#presence.leave(command[1], command[2], command[3]);
        if (!outcome) continue;
        if (command[0] === 'c' && outcome.kind === 'user' && outcome.registration === 'stored') {
          this.#enter(life, command, own?.[index]);
        }
        answer(outcome, this.#view, this.#state.now);
        settle(own?.[index]);
      }
    });
  }

  /** What the answers ask: who is connected is known of all nodes, and packets go to the connections of this one. */
  readonly #view = {
    isConnected: (user: string) => this.#presence.isConnected(user),
    connectionsOf: (user: string) => this.#host.registry.connectionsOf(user),
    onWaiting: (message: { from: string; to: string; msgId: string }) => {
      // Also when its connection has just ended, and the log does not say so yet.
      if (this.#presence.isIn(message.to, this.#membership.lease?.life)) this.#tellStored(message);
    },
  };

  #decider(life: string): Decider {
    const { cache, maxBodyBytes, maxInboxMessages, maxDevicesPerUser, expires, multiDevice } = this.#host;
    const nextSeq = (): number => {
      this.#seq += 1;
      return this.#seq;
    };
    const limits = { maxBodyBytes, maxInboxMessages, maxDevicesPerUser };
    return { cache, ...limits, expires, multiDevice, now: this.#state.now, epoch: life.replace('-', ''), nextSeq };
  }

  /** A device has connected, here or elsewhere: the connection that it had before is replaced. */
  #enter(life: string, [, user, device, place]: Command & { 0: 'c' }, own: Proposal | undefined): void {
    if (!this.#presence.isAlive(life)) return;
    const before = this.#presence.connect(user, device, { place, life });
    if (before !== undefined) this.#places.replace(before);
    if (life !== this.#membership.lease?.life) return;
    if (own && !own.givenUp) this.#places.claim({ user, device }, place);
    else this.#appender.propose(['g', user, device, place]);
  }

  async #tell(from: string, msgId: string): Promise<void> {
    const [dedup] = await this.#host.store.findDedup([{ from, msgId }]);
    if (!dedup || dedup.deliveredAt !== undefined || isOver(dedup, this.#state.now)) return;
    const { serverMsgId, to, acceptedAt } = dedup;
    tellSender(this.#host.registry, { from, msgId, serverMsgId, to }, 'stored', acceptedAt);
  }

  /** Until nothing is left: whoever has asked for it asks again. */
  async #forget(before: number, isOwn: boolean): Promise<void> {
    const { store, registry, dedupWindowMs } = this.#host;
    const { count, ended } = await store.purge(Math.min(before, this.#state.now - dedupWindowMs), EXPIRE_LIMIT);
    for (const { user, seq } of ended) endForAll(registry, user, seq);
    if (count === EXPIRE_LIMIT && isOwn && this.#membership.isServing) this.#appender.propose(['p', before]);
  }
}
