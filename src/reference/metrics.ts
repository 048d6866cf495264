import type { Counter, Gauge, Registry } from 'prom-client';
import type { Tally } from './tally.js';

/** What the person on duty asks about: within a moment, within minutes, within a day. Seconds. */
const DELIVERY_BUCKETS = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 600, 3_600, 86_400];

export const OPENMETRICS_TYPE = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

/** Codes with which a msg:R is rejected. */
const MESSAGE_CODES = [
  'invalid-packet',
  'body-too-large',
  'unknown-recipient',
  'id-conflict',
  'inbox-full',
  'busy',
  'internal',
] as const;

/** Which number of the tally stands in which family. The sample of a counter ends in `_total`. */
const COUNTERS = {
  messages_accepted: ['accepted', 'Messages that were accepted and stored.'],
  messages_duplicate: ['duplicate', 'Requests that were answered duplicate.'],
  pushes: ['pushes', 'Messages handed to a connection, repetitions included.'],
  redeliveries: ['redeliveries', 'Messages handed to a device that had been pushed them before.'],
  acks: ['acks', 'Acks that were answered ok.'],
  messages_stored: ['stored', 'Messages whose sender was told stored.'],
  messages_delivered: ['delivered', 'Messages that a first device acked before they expired.'],
  messages_expired: ['expired', 'Messages that expired before any ack.'],
} as const;
const GAUGES = {
  messages_waiting: ['waiting', 'Accepted messages that no device has acked and that have not expired.'],
  messages_recovered: ['recovered', 'Messages that were waiting when this process began.'],
} as const;

export interface MetricsHost {
  tally: Tally;
  connections(): number;
}

type PromClient = typeof import('prom-client');

const createRegistry = (prom: PromClient, { tally, connections }: MetricsHost): [Registry, () => void] => {
  const registry = new prom.Registry<typeof prom.openMetricsContentType>();
  registry.setContentType(prom.openMetricsContentType);
  const registers = [registry];
  const updates: (() => void)[] = [];
  const counter = (name: string, help: string, ...labelNames: string[]): Counter =>
    new prom.Counter({ name: `im_ran_${name}`, help, labelNames, registers });
  const gauge = (name: string, help: string, value: () => number): void => {
    const shown: Gauge = new prom.Gauge({ name: `im_ran_${name}`, help, registers });
    updates.push(() => shown.set(value()));
  };
  for (const [name, [field, help]] of Object.entries(COUNTERS)) {
    const shown = counter(name, help);
    updates.push(() => {
      shown.reset();
      shown.inc(tally[field]);
    });
  }
  const rejected = counter(
    'messages_rejected',
    'Requests that were answered rejected, by the code of the error.',
    'code',
  );
  updates.push(() => {
    rejected.reset();
    for (const code of MESSAGE_CODES) rejected.inc({ code }, tally.rejected.get(code) ?? 0);
  });
  gauge('connections', 'Open WebSocket connections.', connections);
  for (const [name, [field, help]] of Object.entries(GAUGES)) gauge(name, help, () => tally[field]);
  const delivery = new prom.Histogram({
    name: 'im_ran_delivery_seconds',
    help: 'Seconds from acceptance to the first ack.',
    buckets: DELIVERY_BUCKETS,
    registers,
  });
  updates.push(() => {
    for (const seconds of tally.takeDelays()) delivery.observe(seconds);
  });
  const updateAll = (): void => {
    for (const update of updates) update();
  };
  return [registry as unknown as Registry, updateAll];
};

/** The metrics page. Its library is loaded when it is needed first, so that a server starts without it. */
export class Metrics {
  readonly #host: MetricsHost;
  #ready: Promise<[Registry, () => void]> | undefined;

  constructor(host: MetricsHost) {
    this.#host = host;
  }

  async page(): Promise<string> {
    const [registry, update] = await this.#load();
    update();
    return await registry.metrics();
  }

  /** Puts what the tally has gathered where it takes no room. */
  async gather(): Promise<void> {
    const [, update] = await this.#load();
    update();
  }

  #load(): Promise<[Registry, () => void]> {
    this.#ready ??= import('prom-client').then(({ default: prom }) => createRegistry(prom, this.#host));
    return this.#ready;
  }
}
