import { latenessOf } from '../lateness.js';

/** What a fault meets: a node, a service, or (neither) the whole server. */
export interface Target {
  readonly node?: number;
  readonly service?: number;
}

const nameOf = ({ node, service }: Target): string =>
  service === undefined ? `node ${node ?? 'all'}` : `service ${service}`;

/**
 * The faults of single nodes and of services that are under way or just over: for `failoverMs` after each, and after its
 * repair, a server with several nodes may be late by as much, close connections and refuse them (section 4.2.9).
 */
export class NodeFaults {
  readonly #now: () => number;
  readonly #failoverMs: number;
  readonly #down = new Map<string, Target>();
  /** What a script has frozen and not thawed: nodes, services, or all nodes. */
  readonly #frozen = new Map<string, Target>();
  /** When each fault and each repair began. */
  readonly #moments: number[] = [];

  constructor(now: () => number, failoverMs: number) {
    this.#now = now;
    this.#failoverMs = failoverMs;
  }

  /** What was ended and not started again; services first, for nodes need them. */
  get down(): readonly Target[] {
    return [...this.#down.values()].sort((a, b) => Number(a.node ?? 0) - Number(b.node ?? 0));
  }

  get frozen(): readonly Target[] {
    return [...this.#frozen.values()];
  }

  /** A process was ended. */
  began(target: Target): void {
    this.#down.set(nameOf(target), target);
    this.#frozen.delete(nameOf(target));
    this.passed();
  }

  /** It is started again. */
  ended(target: Target): void {
    this.#down.delete(nameOf(target));
    this.passed();
  }

  froze(target: Target): void {
    this.#frozen.set(nameOf(target), target);
  }

  thawed(target: Target): void {
    this.#frozen.delete(nameOf(target));
  }

  /** Something that was not ended but disturbed begins, or goes on. */
  passed(): void {
    this.#moments.push(this.#now());
  }

  /** Whether connections to that node may be closed and refused now. */
  excuses(node: number | undefined): boolean {
    const last = this.#moments.at(-1) ?? Number.NEGATIVE_INFINITY;
    if (this.#now() - last <= this.#failoverMs) return true;
    return [...this.#down.values(), ...this.#frozen.values()].some(
      (target) => target.service !== undefined || (node !== undefined && target.node === node),
    );
  }

  /** By how much may be late what became due at `since` and takes `ms` else. A fault meanwhile begins the time anew. */
  lateMs(since: number, ms: number): number {
    return latenessOf(this.#moments, this.#failoverMs, since, ms);
  }
}
