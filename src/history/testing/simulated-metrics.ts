const COUNTERS = [
  'messages_accepted',
  'messages_duplicate',
  'pushes',
  'redeliveries',
  'acks',
  'messages_stored',
  'messages_delivered',
  'messages_expired',
] as const;
type Counted = 'accepted' | 'duplicate' | 'rejected' | 'pushes' | 'redeliveries' | 'acks' | 'stored';

/** What the simulated server counts, and the page that shows it. */
export class Counters {
  #counts = new Map<string, number>();
  #seconds = 0;
  #recovered = 0;

  /** A new process begins; so many messages wait. */
  restart(waiting: number): void {
    this.#counts = new Map();
    this.#seconds = 0;
    this.#recovered = waiting;
  }

  add(name: Counted): void {
    this.#add(name === 'pushes' || name === 'redeliveries' || name === 'acks' ? name : `messages_${name}`);
  }

  deliver(seconds: number): void {
    this.#add('messages_delivered');
    this.#seconds += seconds;
  }

  #add(name: string): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  page(connections: number, waiting: number): string {
    const count = (name: string) => this.#counts.get(name) ?? 0;
    const delivered = count('messages_delivered');
    const seconds = 'im_ran_delivery_seconds';
    return [
      ...COUNTERS.flatMap((name) => [`# TYPE im_ran_${name} counter`, `im_ran_${name}_total ${count(name)}`]),
      '# TYPE im_ran_messages_rejected counter',
      `im_ran_messages_rejected_total{code="busy"} ${count('messages_rejected')}`,
      '# TYPE im_ran_connections gauge',
      `im_ran_connections ${connections}`,
      '# TYPE im_ran_messages_waiting gauge',
      `im_ran_messages_waiting ${waiting}`,
      '# TYPE im_ran_messages_recovered gauge',
      `im_ran_messages_recovered ${this.#recovered}`,
      `# TYPE ${seconds} histogram`,
      `${seconds}_bucket{le="+Inf"} ${delivered}`,
      `${seconds}_sum ${this.#seconds}`,
      `${seconds}_count ${delivered}`,
      '# EOF',
      '',
    ].join('\n');
  }
}
