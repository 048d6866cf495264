import type { Packet } from '../../../schemas/index.js';
import { ERROR_CODES, type ErrorCode } from '../../../schemas/wire.js';
import { BitSet } from './bit-set.js';
import { seqOf } from './records.js';
import type { Change } from './store.js';

/** Devices whose last push is remembered; beyond it all are forgotten, and some redeliveries count as first pushes. */
const MAX_DEVICES = 1_000_000;
/** Delivery times kept until somebody takes them. */
const MAX_DELAYS = 10_000;

/** Who a packet is sent to. */
export interface Addressee {
  user: string;
  device: string;
}

/**
 * What the metrics count (section 6.2), as plain numbers: counting must cost next to nothing. Everything about messages
 * changes in one step with the commit, so that the balance closes at every moment.
 */
export class Counters {
  recovered = 0;
  accepted = 0;
  duplicate = 0;
  readonly rejected = new Map<ErrorCode, number>(ERROR_CODES.map((code) => [code, 0]));
  pushes = 0;
  redeliveries = 0;
  acks = 0;
  stored = 0;
  delivered = 0;
  expired = 0;
  waiting = 0;
  /** Seconds from acceptance to the first ack. */
  #delays: number[] = [];
  /** Of a node of several: whether `stored` to that user is counted here, and not on another one. */
  countsStoredOf: (user: string) => boolean = () => true;
  readonly #multiDevice: boolean;
  readonly #onFull: () => void;
  readonly #toldStored = new BitSet();
  /** First pushes to a device are in order, so the last of them tells which messages it was pushed before. */
  readonly #lastPushed = new Map<string, number>();

  /** `onFull` is called when many delays wait to be taken. */
  constructor({ multiDevice, onFull }: { multiDevice: boolean; onFull: () => void }) {
    this.#multiDevice = multiDevice;
    this.#onFull = onFull;
  }

  /** To be called once, with the number of messages that wait when the server begins to serve. */
  begin(waiting: number): void {
    this.recovered = waiting;
    this.waiting = waiting;
  }

  takeDelays(): number[] {
    const taken = this.#delays;
    this.#delays = [];
    return taken;
  }

  /** Of a node of several: what waits, and what others had counted, stands on one of them. */
  stand(waiting: number, recovered: number): void {
    this.waiting = waiting;
    this.recovered = recovered;
  }

  committed(changes: readonly Change[], now: number): void {
    for (const change of changes) {
      if (change.kind === 'accept') {
        this.accepted += 1;
        this.waiting += 1;
      } else if (change.kind === 'ack') {
        this.delivered += 1;
        this.waiting -= 1;
        this.#delays.push(Math.max(0, now - change.message.acceptedAt) / 1_000);
      } else if (change.kind === 'expire' && change.missing === undefined) {
        this.expired += 1;
        this.waiting -= 1;
      }
    }
    if (this.#delays.length > MAX_DELAYS) this.#onFull();
  }

  sent(packet: Packet, to: Addressee): void {
    if (packet.type === 'msg:N') this.#pushed(packet.serverMsgId, to);
    else if (packet.type === 'ack:N') {
      if (packet.status === 'stored') this.#toldAsStored(packet.serverMsgId, to);
    } else if (packet.type === 'ack:A') {
      if (packet.status === 'ok') this.acks += 1;
    } else if (packet.type === 'msg:A') {
      if (packet.status === 'duplicate') this.duplicate += 1;
      const code = packet.error?.code;
      if (code !== undefined) this.rejected.set(code, (this.rejected.get(code) ?? 0) + 1);
    }
  }

  #pushed(serverMsgId: string, { user, device }: Addressee): void {
    const seq = seqOf(serverMsgId) ?? 0;
    const name = this.#multiDevice ? `${user}/${device}` : user;
    this.pushes += 1;
    if (seq <= (this.#lastPushed.get(name) ?? 0)) {
      this.redeliveries += 1;
      return;
    }
    if (this.#lastPushed.size >= MAX_DEVICES) this.#lastPushed.clear();
    this.#lastPushed.set(name, seq);
  }

  #toldAsStored(serverMsgId: string, { user }: Addressee): void {
    if (!this.countsStoredOf(user)) return;
    if (this.#toldStored.add(seqOf(serverMsgId) ?? 0)) this.stored += 1;
  }
}
