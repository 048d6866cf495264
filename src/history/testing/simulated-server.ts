import { Counters } from './simulated-metrics.js';
import { EPOCH, type Packet } from './simulated-packet.js';
import type { Defect, SimulationOptions } from './simulation-options.js';

/** What the server sees of a connection. */
export interface ServerLink {
  readonly client: { readonly name: string };
  readonly down: Packet[];
}

export interface ServerHost {
  readonly options: SimulationOptions;
  random(): number;
  /** Milliseconds since EPOCH. */
  clock(): number;
  /** Nothing is refused any more. */
  isCalm(): boolean;
  /** Whether the defect strikes now, if it is the one that was asked for. */
  is(defect: Defect, chance?: number): boolean;
  noteStrike(): void;
  linkOf(user: string): ServerLink | undefined;
  /** Somebody who is not that user. */
  other(user: string): string;
}

interface Stored {
  from: string;
  msgId: string;
  to: string;
  body: string;
  serverMsgId: string;
  acceptedAt: number;
  acked: boolean;
  deliveredAt?: number;
  seq: number;
  /** Life of the process in which it was pushed last, and in which its sender was told `stored` last. */
  pushedIn: number;
  storedIn: number;
}

/** The server of a simulation: right, unless a defect strikes. */
export class SimulatedServer {
  readonly #host: ServerHost;
  readonly #records = new Map<string, Stored>();
  readonly #inbox = new Map<string, Set<Stored>>();
  readonly #byServerMsgId = new Map<string, Stored>();
  readonly #refused = new Set<string>();
  readonly #counters = new Counters();
  #life = 0;

  constructor(host: ServerHost) {
    this.#host = host;
  }

  join(user: string): void {
    this.#inbox.set(user, new Set());
  }

  connect(user: string): void {
    const backlog = [...(this.#inbox.get(user) ?? [])];
    if (backlog.length > 1 && this.#host.is('pushesNewestFirst')) backlog.reverse();
    for (const stored of backlog) this.#push(stored);
  }

  restart(): void {
    this.#life += 1;
    this.#counters.restart(this.#waiting);
  }

  /** Its metrics page, with so many open connections. */
  page(connections: number): string {
    return this.#counters.page(connections, this.#waiting);
  }

  get #waiting(): number {
    return [...this.#records.values()].filter((one) => !one.acked).length;
  }

  #tell(user: string, packet: Packet): void {
    this.#host.linkOf(user)?.down.push(packet);
  }

  /** What the server does with one packet. */
  serve(link: ServerLink, packet: Packet): void {
    if (packet.type === 'msg:R') this.#serveMessage(link, packet);
    else this.#serveAck(link, packet);
  }

  #serveMessage(link: ServerLink, packet: Packet): void {
    const from = link.client.name;
    const { rid } = packet;
    const msgId = packet.msgId as string;
    const key = this.#host.options.defect === 'dedupByMsgIdOnly' ? ` ${msgId}` : `${from} ${msgId}`;
    let stored = this.#records.get(key);
    const answer = (fields: Record<string, unknown>): void => {
      const named = this.#host.is('wrongMsgId', 0.05) ? `${msgId}x` : msgId;
      if (this.#host.is('neverAnswers', 0.05)) return;
      const full = { type: 'msg:A', rid, msgId: named, ...fields };
      link.down.push(full);
      if (this.#host.is('answersTwice', 0.05)) link.down.push(full);
    };
    if (stored === undefined && !this.#host.isCalm() && this.#host.random() < this.#host.options.faults / 2) {
      answer({ status: 'rejected', error: { code: 'busy', message: 'later' } });
      this.#counters.add('rejected');
      if (this.#host.is('leavesRecordOfRefused', 1)) this.#refused.add(key);
      return;
    }
    const again = stored !== undefined;
    let status = again || this.#refused.has(key) ? 'duplicate' : 'accepted';
    if (stored !== undefined && stored.from !== from) this.#host.noteStrike();
    if (again && this.#host.is('acceptsTwice')) status = 'accepted';
    stored ??= this.#store(key, from, packet);
    const { serverMsgId } = stored;
    if (again || !this.#host.is('miscountsAccepted', 0.05)) this.#counters.add(again ? 'duplicate' : 'accepted');
    if (!again && this.#host.is('receiptBeforeAnswer')) {
      link.down.push({ ...this.#receipt(stored, 'stored') });
    }
    answer({ status, serverMsgId });
    if (stored.acked) {
      link.down.push(this.#receipt(stored, 'delivered'));
      if (this.#host.is('storedAfterDelivered')) link.down.push(this.#receipt(stored, 'stored'));
      if (this.#host.is('pushesAfterAck')) this.#push(stored);
    } else if (this.#host.linkOf(stored.to) === undefined) {
      link.down.push(this.#receipt(stored, 'stored'));
      if (stored.storedIn !== this.#life) this.#counters.add('stored');
      stored.storedIn = this.#life;
    } else if (!again && this.#host.is('losesAccepted')) this.#inbox.get(stored.to)?.delete(stored);
    else if (this.#inbox.get(stored.to)?.has(stored)) this.#push(stored);
  }

  #store(key: string, from: string, packet: Packet): Stored {
    const count = this.#records.size + 1;
    const reused = count > 3 && this.#host.is('reusesServerMsgId', 0.1);
    const stored: Stored = {
      from,
      msgId: packet.msgId as string,
      to: packet.to as string,
      body: packet.body as string,
      serverMsgId: `S-${String(reused ? count - 2 : count).padStart(9, '0')}`,
      acceptedAt: EPOCH + Math.round(this.#host.clock()),
      acked: false,
      seq: count,
      pushedIn: -1,
      storedIn: -1,
    };
    this.#records.set(key, stored);
    if (!reused) this.#byServerMsgId.set(stored.serverMsgId, stored);
    this.#inbox.get(stored.to)?.add(stored);
    return stored;
  }

  #receipt(stored: Stored, status: string): Packet {
    const { msgId, to, serverMsgId } = stored;
    const now = EPOCH + Math.round(this.#host.clock()) + 1;
    if (status !== 'delivered') return { type: 'ack:N', msgId, serverMsgId, to, status, at: now };
    stored.deliveredAt ??= now;
    return { type: 'ack:N', msgId, serverMsgId, to, status, at: stored.deliveredAt };
  }

  #push(stored: Stored): void {
    const { msgId, serverMsgId, from, to, body, acceptedAt } = stored;
    const packet = {
      type: 'msg:N',
      msgId: this.#host.is('inventsMessage', 0.05) ? `${msgId}z` : msgId,
      serverMsgId: this.#host.is('newServerMsgIdOnPush', 0.05) ? `${serverMsgId}x` : serverMsgId,
      from: this.#host.is('wrongFrom', 0.05) ? this.#host.other(from) : from,
      to,
      body: this.#host.is('changesBody', 0.05) ? `${body}!` : body,
      acceptedAt: this.#host.is('changesAcceptedAt', 0.05) ? acceptedAt + 7 : acceptedAt,
      attempt: 1,
      ...(this.#host.options.claims.includes('ordered') && !this.#host.is('forgetsSeq', 0.05)
        ? { seq: this.#seqOf(stored) }
        : {}),
    };
    this.#tell(to, packet);
    if (this.#host.linkOf(to) !== undefined) {
      if (!this.#host.is('miscountsPushes', 0.05)) this.#counters.add('pushes');
      if (stored.pushedIn === this.#life) this.#counters.add('redeliveries');
      stored.pushedIn = this.#life;
    }
    if (this.#host.is('pushesToWrongUser', 0.05))
      this.#tell(this.#host.other(to), { ...packet, to: this.#host.other(to) });
    if (!stored.acked && this.#host.is('deliveredAtPush', 0.05)) this.#tell(from, this.#receipt(stored, 'delivered'));
  }

  #seqOf(stored: Stored): number {
    return this.#host.is('countsSeqByPush', 0.05) ? stored.seq + 1_000 : stored.seq;
  }

  #serveAck(link: ServerLink, packet: Packet): void {
    const stored = this.#byServerMsgId.get(packet.serverMsgId as string);
    const { rid, serverMsgId } = packet;
    if (stored === undefined || stored.to !== link.client.name || this.#host.is('ackUnknown', 0.05)) {
      const error = { code: 'unknown-message', message: 'no such message' };
      link.down.push({ type: 'ack:A', rid, serverMsgId, status: 'rejected', error });
      return;
    }
    const repeated = stored.acked && !this.#host.is('ackOkTwice');
    if (!repeated) this.#counters.add('acks');
    if (!stored.acked) this.#counters.deliver(Math.max(0, this.#host.clock() - (stored.acceptedAt - EPOCH)) / 1_000);
    link.down.push({ type: 'ack:A', rid, serverMsgId, status: repeated ? 'duplicate' : 'ok' });
    stored.acked = true;
    this.#inbox.get(stored.to)?.delete(stored);
    this.#tell(stored.from, this.#receipt(stored, 'delivered'));
    if (this.#host.is('receiptToOthers', 0.05))
      this.#tell(this.#host.other(stored.from), this.#receipt(stored, 'delivered'));
  }
}
