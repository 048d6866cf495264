import type { Counters } from './counters.js';

/**
 * The page is written here and not by a library: the names and the one label are fixed, so nothing needs escaping, and
 * the usual library is as large as the rest of the server.
 */

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

/** Which number of the counters stands in which family. The sample of a counter ends in `_total`. */
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
  counters: Counters;
  connections(): number;
}

/** The metrics page in OpenMetrics text. What it shows is in the counters; only the histogram is kept here. */
export class Metrics {
  readonly #host: MetricsHost;
  readonly #buckets = DELIVERY_BUCKETS.map(() => 0);
  #observed = 0;
  #seconds = 0;

  constructor(host: MetricsHost) {
    this.#host = host;
  }

  /** Puts what the counters has gathered where it takes no room. */
  gather(): void {
    for (const seconds of this.#host.counters.takeDelays()) {
      this.#observed += 1;
      this.#seconds += seconds;
      const bucket = DELIVERY_BUCKETS.findIndex((limit) => seconds <= limit);
      if (bucket >= 0) this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1;
    }
  }

  page(): string {
    this.gather();
    const { counters, connections } = this.#host;
    const families = [
      ...Object.entries(COUNTERS).map(([name, [field, help]]) => counter(name, help, [['', counters[field]]])),
      counter(
        'messages_rejected',
        'Requests that were answered rejected, by the code of the error.',
        MESSAGE_CODES.map((code) => [`{code="${code}"}`, counters.rejected.get(code) ?? 0]),
      ),
      gauge('connections', 'Open WebSocket connections.', connections()),
      ...Object.entries(GAUGES).map(([name, [field, help]]) => gauge(name, help, counters[field])),
      this.#histogram(),
    ];
    return `${families.flat().join('\n')}\n# EOF\n`;
  }

  #histogram(): string[] {
    const name = 'im_ran_delivery_seconds';
    let sum = 0;
    const buckets = DELIVERY_BUCKETS.map((limit, i) => {
      sum += this.#buckets[i] ?? 0;
      return `${name}_bucket{le="${Number.isInteger(limit) ? limit.toFixed(1) : limit}"} ${sum}`;
    });
    return [
      ...family(name, 'histogram', 'Seconds from acceptance to the first ack.'),
      ...buckets,
      `${name}_bucket{le="+Inf"} ${this.#observed}`,
      `${name}_sum ${this.#seconds}`,
      `${name}_count ${this.#observed}`,
    ];
  }
}

const family = (name: string, type: string, help: string): string[] => [
  `# HELP ${name} ${help}`,
  `# TYPE ${name} ${type}`,
];

const counter = (
  name: string,
  help: string,
  samples: readonly (readonly [labels: string, value: number])[],
): string[] => [
  ...family(`im_ran_${name}`, 'counter', help),
  ...samples.map(([labels, value]) => `im_ran_${name}_total${labels} ${value}`),
];

const gauge = (name: string, help: string, value: number): string[] => [
  ...family(`im_ran_${name}`, 'gauge', help),
  `im_ran_${name} ${value}`,
];
