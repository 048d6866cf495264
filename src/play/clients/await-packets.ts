import type { ErrorCode } from '../../../schemas/index.js';
import { KitError } from '../../errors.js';
import type { Stage } from '../stage.js';
import type { Expectation } from '../step-outcome.js';
import type { Actor } from './actor.js';
import {
  describeReceived,
  isPutOff,
  isRetryable,
  labelsOfPacket,
  matches,
  type Pattern,
  retryPauseMs,
  summarizeLabels,
} from './expectation.js';
import type { Received } from './inbox.js';
import type { Link } from './link.js';
import type { SentMessage } from './sent-messages.js';

export interface Awaited {
  met: boolean;
  /** The entry that answered otherwise than asked for. */
  wrong?: Received;
  /** The code with which the server put off what was waited for, until the wait gave up. */
  refused?: ErrorCode;
  closed?: number;
  /** Labels (or the count of packets) that are still missing. */
  missing: string[];
  matched: number;
  /** Something came all the while, and so slowly that nobody waits for the rest. */
  gaveUpAfterMs?: number;
}

interface Want {
  pattern: Pattern;
  /** Without labels: any packet of the type. */
  labels: readonly string[];
  times: number;
  boundMs: number;
  /** Leaves the packets in the inbox. */
  peek?: boolean;
  /** For how long at most a server may put it off, again and again. */
  putOffBoundMs?: number;
}

/** For each packet that is waited for. */
const MAX_RETRIES = 50;
/** A server that cannot take a request for so long is no case for a test. */
const PUT_OFF_BOUND_MS = 20_000;
/** A server may need so long for each packet of many, beyond the time that any wait has. */
const SLOWEST_MS = 5;

/** Takes matching packets from one connection, those that wait there first, until all are there or the bound has passed. */
export class PacketWait {
  readonly #stage: Stage;
  readonly #actor: Actor;
  readonly #link: Link;
  readonly #want: Want;
  readonly #missing: Map<string, number>;
  readonly #onMatch: (entry: Received) => void;
  #cursor = 0;
  #retries = 0;
  #matched = 0;
  #wrong: Received | undefined;

  constructor(stage: Stage, actor: Actor, link: Link, want: Want, onMatch: (entry: Received) => void = () => {}) {
    this.#stage = stage;
    this.#actor = actor;
    this.#link = link;
    this.#want = want;
    this.#onMatch = onMatch;
    const labels = want.labels.length > 0 ? want.labels : [''];
    this.#missing = new Map(labels.map((label) => [label, want.times]));
  }

  async run(): Promise<Awaited> {
    const begunAt = performance.now();
    const giveUpAt = begunAt + (this.#want.putOffBoundMs ?? PUT_OFF_BOUND_MS) + this.#want.boundMs;
    let gaveUpAfterMs: number | undefined;
    let before = -1;
    // Each packet that arrives starts the bound anew: a long range is late only when nothing more comes.
    while (before !== this.#matched + this.#retries || this.#putOffMs > 0) {
      const matched = this.#matched;
      before = matched + this.#retries;
      const progress = () => this.#look() || this.#matched + this.#retries !== before;
      await this.#stage.waits.until(progress, this.#want.boundMs + this.#putOffMs);
      if (this.#done) break;
      // Whoever is slow and steady gets time for all that it has to bring.
      if (performance.now() <= giveUpAt + this.#matched * SLOWEST_MS) continue;
      if (matched !== this.#matched) gaveUpAfterMs = performance.now() - begunAt;
      break;
    }
    const met = this.#missing.size === 0;
    const refused = met ? undefined : this.#refused;
    return {
      met,
      ...(refused === undefined ? {} : { refused }),
      missing: [...this.#missing.keys()],
      matched: this.#matched,
      ...(this.#wrong ? { wrong: this.#wrong } : {}),
      ...(gaveUpAfterMs === undefined ? {} : { gaveUpAfterMs }),
      ...(this.#link.closeCode === undefined ? {} : { closed: this.#link.closeCode }),
    };
  }

  /** Nothing is due as long as a request that the server could not take waits to be sent again. */
  get #putOffMs(): number {
    if (this.#stage.messages.putOffMs === 0) return 0;
    const now = performance.now();
    return Math.max(0, ...this.#missingMessages().map(({ putOffUntil }) => putOffUntil - now));
  }

  /** The code with which the server still refuses for now what is waited for. */
  get #refused(): ErrorCode | undefined {
    return this.#missingMessages().find(({ putOff }) => putOff !== undefined)?.putOff;
  }

  #missingMessages(): SentMessage[] {
    return [...this.#missing.keys()]
      .map((label) => this.#stage.messages.find(label))
      .filter((message) => message !== undefined);
  }

  get #done(): boolean {
    return this.#missing.size === 0 || this.#wrong !== undefined || this.#link.state === 'closed';
  }

  #look(): boolean {
    const { entries } = this.#link.inbox;
    for (; this.#cursor < entries.length && this.#missing.size > 0 && !this.#wrong; this.#cursor++) {
      const entry = entries[this.#cursor] as Received;
      if (!entry.taken) this.#consider(entry);
    }
    return this.#done;
  }

  #consider(entry: Received): void {
    const label = this.#wantedLabel(entry);
    if (label === undefined) return;
    const match = matches(this.#want.pattern, entry, (item) => this.#stage.has(item));
    if (match === 'no') return;
    if (!this.#want.peek) this.#link.inbox.take(entry);
    // `busy` is not the answer that a step means, unless it asks for a rejection.
    if (entry.kind === 'packet' && (match === 'wrong' || this.#want.pattern.statuses === undefined)) {
      if (isRetryable(entry.packet) && this.#retries < this.#mostRetries) {
        this.#retry(entry, label);
        return;
      }
    }
    if (match === 'wrong') {
      this.#wrong = entry;
      return;
    }
    this.#matched += 1;
    this.#onMatch(entry);
    const left = (this.#missing.get(label) ?? 1) - 1;
    if (left > 0) this.#missing.set(label, left);
    else this.#missing.delete(label);
  }

  #wantedLabel(entry: Received): string | undefined {
    if (this.#want.labels.length === 0) return '';
    if (entry.kind !== 'packet') return this.#want.labels.find((label) => this.#missing.has(label));
    const labels = labelsOfPacket(this.#stage, this.#actor, this.#link, entry.packet);
    return labels.find((label) => this.#missing.has(label));
  }

  get #mostRetries(): number {
    return MAX_RETRIES * Math.max(1, this.#want.labels.length) * this.#want.times;
  }

  #retry(entry: Received & { kind: 'packet' }, label: string): void {
    this.#retries += 1;
    const { packet } = entry;
    // The client does so by itself.
    if (isPutOff(packet, this.#stage.claimsFlowControl)) return;
    const message = this.#stage.messages.find(label);
    const again = () => {
      if (this.#link.state !== 'open' || !message) return;
      if (packet.type === 'msg:A') this.#actor.transmit(this.#link, message);
      else if (message.serverMsgId !== undefined) this.#actor.receiver.ack(this.#link, message.serverMsgId, label);
    };
    setTimeout(again, retryPauseMs(packet, this.#retries)).unref();
  }
}

/** How a wait was missed: by another packet, by the end of its connection, or by time alone. */
export const missOf = ({
  wrong,
  closed,
  refused,
}: Awaited): Pick<Expectation, 'miss' | 'closeCode' | 'late' | 'refused'> => {
  if (refused !== undefined) return { miss: 'nothing-came', refused };
  if (wrong) return { miss: 'wrong-packet' };
  if (closed !== undefined) return { miss: 'connection-ended', closeCode: closed };
  return { miss: 'nothing-came', late: true };
};

/** What a missed wait saw, for the report. */
export const describeMissed = (result: Awaited, boundMs: number): string => {
  if (result.wrong) return describeReceived(result.wrong);
  if (result.gaveUpAfterMs !== undefined && result.closed === undefined)
    return `${result.matched} of them in ${Math.round(result.gaveUpAfterMs)} ms, too slowly to wait for the others`;
  const got = result.matched > 0 ? `${result.matched} of them, then ` : '';
  if (result.closed !== undefined) return `${got}the connection ended with code ${result.closed}`;
  const several = result.matched > 0 || result.missing.length > 1;
  const left = several ? summarizeLabels(result.missing.filter((label) => label !== '')) : '';
  return `${got}nothing that matches for ${Math.round(boundMs)} ms${left === '' ? '' : `; missing: ${left}`}`;
};

export const connectionOf = (actor: Actor, which: 'old' | undefined): Link => {
  const link = actor.linkOf(which);
  if (!link) {
    throw new KitError(
      'usage',
      `${actor.name} has no ${which ?? 'open'} connection at this step`,
      'Let it connect first.',
    );
  }
  return link;
};
