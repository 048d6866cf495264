import type { AckA, MsgA } from '../../../../schemas/index.js';
import { CorkGroup } from '../../server/cork.js';
import { MemoryStore } from '../../server/memory-store.js';
import { DEFAULT_LIMITS } from '../../server/options.js';
import { Registry } from '../../server/registry.js';
import type { Peer } from '../../server/requests.js';
import { UserCache } from '../../server/user-cache.js';
import { ClusterLoop } from '../cluster-loop.js';
import type { Log } from '../log.js';

export interface LoopNodeOptions {
  log: Log;
  node: string;
  wallClock(): number;
  dedupWindowMs?: number;
}

/** The part of a node that applies the log, without sockets. */
export class LoopNode {
  readonly store = new MemoryStore();
  readonly loop: ClusterLoop;
  #rids = 0;

  constructor({ log, node, wallClock, dedupWindowMs = 600_000 }: LoopNodeOptions) {
    this.loop = new ClusterLoop({
      ...DEFAULT_LIMITS,
      store: this.store,
      registry: new Registry(),
      cache: new UserCache(),
      cork: new CorkGroup(),
      log: () => undefined,
      wallClock,
      expires: true,
      multiDevice: true,
      counters: undefined,
      logOfAll: log,
      node,
      answerWithinMs: 60_000,
      dedupWindowMs,
    });
  }

  /** Resolves when it has caught up. */
  async start(): Promise<void> {
    await this.loop.start();
    await this.serves();
  }

  async serves(): Promise<void> {
    while (!this.loop.isServing) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  /** It ends as by kill -9: its lease goes on. */
  kill(): void {
    this.loop.stop();
  }

  async stop(): Promise<void> {
    await this.loop.leave();
    this.loop.stop();
    await this.loop.drain();
  }

  register(user: string, device = 'phone'): Promise<string> {
    return new Promise((done) => this.loop.submit({ kind: 'user', user, device, done }));
  }

  send(from: string, to: string, msgId: string, more: { ttlMs?: number; body?: string } = {}): Promise<MsgA> {
    const packet = { type: 'msg:R' as const, rid: this.#rid(), msgId, to, body: `body of ${msgId}`, ...more };
    return new Promise((resolve) => {
      this.loop.submit({ kind: 'message', connection: peer(from, (answer) => resolve(answer as MsgA)), packet });
    });
  }

  ack(user: string, serverMsgId: string, device?: string): Promise<AckA> {
    const packet = { type: 'ack:R' as const, rid: this.#rid(), serverMsgId };
    return new Promise((resolve) => {
      this.loop.submit({ kind: 'ack', connection: peer(user, (answer) => resolve(answer as AckA), device), packet });
    });
  }

  #rid(): string {
    this.#rids += 1;
    return `r-${this.#rids}`;
  }
}

const peer = (user: string, onAnswer: (packet: unknown) => void, device = 'phone'): Peer => ({
  user,
  device,
  send: (packet) => {
    if ((packet as { type: string }).type.endsWith(':A')) onAnswer(packet);
  },
  settleRequest: () => undefined,
  outbox: { device, find: () => undefined, has: () => false, apply: () => false },
});
