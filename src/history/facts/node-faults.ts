export interface NodeFault {
  readonly node: number;
  /** How it began. */
  readonly kind: 'killing' | 'stopping' | 'frozen';
  readonly at: number;
  readonly line: number;
  /** When the node was started again, or went on. */
  repairedAt: number;
}

/**
 * Faults of single nodes. From each on until `failoverMs` later, and again from its repair on, a server with several nodes
 * may be late by as much, close connections and refuse them (section 4.2.9); nothing else is excused.
 */
export class NodeFaultFacts {
  readonly list: NodeFault[] = [];
  readonly #failoverMs: () => number;

  constructor(failoverMs: () => number) {
    this.#failoverMs = failoverMs;
  }

  began(fault: Omit<NodeFault, 'repairedAt'>): void {
    this.list.push({ ...fault, repairedAt: Number.POSITIVE_INFINITY });
  }

  /** Whether it had a fault that was not repaired yet. */
  repaired(node: number, at: number): void {
    for (const fault of this.list) if (fault.node === node) fault.repairedAt = Math.min(fault.repairedAt, at);
  }

  /** Whether a node was told to stop, and has not been started again. */
  isStopping(node: number | undefined): boolean {
    const last = this.list.findLast((fault) => fault.node === node);
    return last?.kind === 'stopping' && last.repairedAt === Number.POSITIVE_INFINITY;
  }

  /** Whether a connection may be closed at that time. A node that is down is gone for those who were on it. */
  excuses(at: number, node: number | undefined): boolean {
    const failoverMs = this.#failoverMs();
    return this.list.some(
      (fault) =>
        (fault.node === node && at >= fault.at && at <= fault.repairedAt + failoverMs) ||
        isWithin(at, fault.at, failoverMs) ||
        isWithin(at, fault.repairedAt, failoverMs),
    );
  }

  /** By how much what is due may be late, judged at that time. */
  lateMs(at: number): number {
    if (this.list.length === 0) return 0;
    const failoverMs = this.#failoverMs();
    const near = this.list.some(
      (fault) => isWithin(at, fault.at, 2 * failoverMs) || isWithin(at, fault.repairedAt, 2 * failoverMs),
    );
    return near ? failoverMs : 0;
  }

  /** The last one that began between two lines. */
  between(afterLine: number, beforeLine: number): NodeFault | undefined {
    return this.list.findLast(({ line }) => line > afterLine && line < beforeLine);
  }
}

const isWithin = (at: number, from: number, ms: number): boolean => at >= from && at <= from + ms;
