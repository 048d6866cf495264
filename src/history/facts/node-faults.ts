import type { CutWay } from '../../../schemas/index.js';
import { latenessOf } from '../../lateness.js';

export interface NodeFault {
  /** Undefined: it met a service, which all nodes may need. */
  readonly node: number | undefined;
  readonly service: number | undefined;
  /** How it began. */
  readonly kind: 'killing' | 'stopping' | 'frozen' | 'cut' | 'slowed';
  /** Of a cut: what is lost. */
  readonly way: CutWay | undefined;
  readonly at: number;
  readonly line: number;
  /** When the node was started again, went on, or was connected again. */
  repairedAt: number;
  repairedLine: number;
}

type Repair = 'continued' | 'healed' | 'starting' | 'started';

/** Each repair ends what it is for: who starts a node again has not joined its links. */
const ENDS: Readonly<Record<Repair, readonly NodeFault['kind'][]>> = {
  continued: ['frozen'],
  healed: ['cut', 'slowed'],
  // The last one is for histories of before: now the repair begins with the start, not with its end.
  starting: ['killing', 'stopping', 'frozen'],
  started: ['killing', 'stopping', 'frozen'],
};

/** Whether a node under that fault may lack what it needs. Over slow links, or new ones, it can do all that it must. */
const isDisabling = ({ kind, way }: NodeFault): boolean => kind !== 'slowed' && way !== 'half-open';

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

  began(fault: Omit<NodeFault, 'repairedAt' | 'repairedLine'>): void {
    const never = Number.POSITIVE_INFINITY;
    this.list.push({ ...fault, repairedAt: never, repairedLine: never });
  }

  /** What it was repaired of, now. */
  repaired(
    { node, service }: Pick<NodeFault, 'node' | 'service'>,
    by: Repair,
    { at, line }: Pick<NodeFault, 'at' | 'line'>,
  ): NodeFault[] {
    const found = this.list.filter(
      (fault) =>
        fault.node === node &&
        fault.service === service &&
        fault.repairedAt === Number.POSITIVE_INFINITY &&
        ENDS[by].includes(fault.kind),
    );
    for (const fault of found) Object.assign(fault, { repairedAt: at, repairedLine: line });
    return found;
  }

  /** Whether a node was told to stop, and has not been started again. */
  isStopping(node: number | undefined): boolean {
    const last = this.list.findLast((fault) => fault.node === node && fault.service === undefined);
    return last?.kind === 'stopping' && last.repairedAt === Number.POSITIVE_INFINITY;
  }

  /** Whether a connection may be closed at that time. A node that is down is gone for those who were on it. */
  excuses(at: number, node: number | undefined): boolean {
    const failoverMs = this.#failoverMs();
    return this.list.some(
      (fault) =>
        (meets(fault, node) && at >= fault.at && at <= fault.repairedAt + failoverMs) ||
        isWithin(at, fault.at, failoverMs) ||
        isWithin(at, fault.repairedAt, failoverMs),
    );
  }

  /** The fault that a node is under at that time, its own before that of a service. */
  current(node: number | undefined): NodeFault | undefined {
    const open = this.list.filter((fault) => fault.repairedAt === Number.POSITIVE_INFINITY && meets(fault, node));
    return open.find((fault) => fault.node === node) ?? open[0];
  }

  /** Whether a node misses what it needs at that time, so that what it owes is said by section 4.2.9 alone. */
  isLacking(node: number | undefined): boolean {
    return this.lacksUntil(node) === Number.POSITIVE_INFINITY;
  }

  /** Until when no bound counts on connections to a node, for it misses what it needs, or did until just before. */
  lacksUntil(node: number | undefined): number {
    const ends = this.list
      .filter((fault) => isDisabling(fault) && meets(fault, node))
      .map(({ repairedAt }) => repairedAt + this.#failoverMs());
    return Math.max(Number.NEGATIVE_INFINITY, ...ends);
  }

  /** By how much may be late what became due at `since` and takes `ms` else. Milliseconds. */
  lateMs(since: number, ms: number): number {
    if (this.list.length === 0) return 0;
    const moments = this.list.flatMap(({ at, repairedAt }) => (Number.isFinite(repairedAt) ? [at, repairedAt] : [at]));
    return latenessOf(moments, this.#failoverMs(), since, ms);
  }

  /** The last one that began between two lines. */
  between(afterLine: number, beforeLine: number): NodeFault | undefined {
    return this.list.findLast(({ line }) => line > afterLine && line < beforeLine);
  }
}

const meets = (fault: NodeFault, node: number | undefined): boolean =>
  fault.service !== undefined || fault.node === node;

const isWithin = (at: number, from: number, ms: number): boolean => at >= from && at <= from + ms;
