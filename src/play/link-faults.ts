import { CLOSE, type CutWay, type HistoryEventOf } from '../../schemas/index.js';
import type { Links, LinkTraffic } from '../links.js';
import type { Untimed } from './untimed.js';

/** The links of a node that a script has cut or made slow. */
interface Taken {
  readonly kind: 'cut-off' | 'slow';
  readonly links: Links;
  readonly step: string;
  /** The far ends are gone and the near ones do not know: a node may find that out, and show nothing. */
  readonly maybeUnseen: boolean;
  /** Undefined: nobody counts what crosses these links. */
  readonly before: LinkTraffic | undefined;
  /** When it was asked for something first. */
  askedAt: number | undefined;
  /** The node has shown that it misses something. */
  felt: boolean;
}

/** What came of a fault of links. */
export interface LinkOutcome {
  readonly kind: Taken['kind'];
  readonly step: string;
  readonly fired: boolean;
  readonly detail: string;
}

/** An answer that took longer than a node needs which misses nothing. Milliseconds. */
const LATE_MS = 300;

const keyOf = (conn: number, rid: string): string => `${conn} ${rid}`;
const connOf = (key: string): number => Number(key.split(' ', 1)[0]);

/**
 * Whether a cut has fired: the links carried something before, kept something afterwards, and a node that was asked for
 * something for long enough showed that it missed it. A node that goes on as if nothing were has another way, round the links.
 */
export class LinkFaults {
  readonly #now: () => number;
  /** After so long a node must show something. */
  readonly #showsAfterMs: number;
  readonly #taken = new Map<number, Taken>();
  readonly #nodes = new Map<number, number>();
  /** Requests without an answer: when they were sent, by connection and rid. */
  readonly #open = new Map<string, number>();

  constructor(now: () => number, showsAfterMs: number) {
    this.#now = now;
    this.#showsAfterMs = showsAfterMs;
  }

  /** Nodes whose links are not whole. */
  get nodes(): readonly number[] {
    return [...this.#taken.keys()];
  }

  /** The node to which a connection leads; undefined where there is one only. */
  nodeOf(conn: number): number | undefined {
    return this.#nodes.get(conn);
  }

  /** `way`: what of it is lost; undefined where it is slow only. */
  begin(node: number, links: Links, step: string, way?: CutWay): void {
    const kind = way === undefined ? 'slow' : 'cut-off';
    const maybeUnseen = way === 'half-open';
    this.#taken.set(node, { kind, links, step, maybeUnseen, before: links.traffic, askedAt: undefined, felt: false });
  }

  /** Makes the links of the node whole again. Undefined: they were. */
  async end(node: number): Promise<LinkOutcome | undefined> {
    const taken = this.#taken.get(node);
    if (taken === undefined) return undefined;
    this.#taken.delete(node);
    const { kind, links, step, askedAt, before } = taken;
    const after = links.traffic;
    const mustShow = !taken.maybeUnseen && askedAt !== undefined && this.#now() - askedAt >= this.#showsAfterMs;
    const shown = taken.felt || !mustShow || this.#isWaiting(node);
    await links.heal();
    const crossed = (after?.carried ?? 0) - (before?.carried ?? 0);
    if (kind === 'slow') return { kind, step, fired: crossed > 0, detail: `${crossed} bytes crossed slowly` };
    if (this.#taken.size === 0) this.#open.clear();
    const unshown = shown ? '' : ', and the node went on as if it had another way';
    if (before === undefined || after === undefined)
      return { kind, step, fired: shown, detail: `the command that cuts ended well${unshown}` };
    const lost = after.blocked - before.blocked;
    const detail =
      before.carried === 0
        ? 'the links had carried nothing before'
        : `${lost} bytes and connections were kept${unshown}`;
    return { kind, step, fired: before.carried > 0 && lost > 0 && shown, detail };
  }

  note(event: Untimed): void {
    if (event.kind === 'opening' && event.node !== undefined) this.#nodes.set(event.conn, event.node);
    if (this.#taken.size === 0) return;
    const taken = 'conn' in event && event.conn !== undefined ? this.#takenOf(event.conn) : undefined;
    if (taken === undefined) return;
    if (event.kind === 'sent' && 'rid' in event.packet) {
      this.#open.set(keyOf(event.conn, String(event.packet.rid)), this.#now());
      taken.askedAt ??= this.#now();
    }
    if (this.#isSign(event)) taken.felt = true;
    if (event.kind === 'closed')
      for (const key of this.#open.keys()) if (connOf(key) === event.conn) this.#open.delete(key);
  }

  #takenOf(conn: number): Taken | undefined {
    const node = this.#nodes.get(conn);
    return node === undefined ? undefined : this.#taken.get(node);
  }

  #isSign(event: Untimed): boolean {
    if (event.kind === 'refused') return true;
    if (event.kind === 'closed') {
      const { by, code } = event as HistoryEventOf<'closed'>;
      // Who closes what was replaced on another node has heard of that: it is not cut off.
      return by === 'subject' && code !== CLOSE.replaced;
    }
    if (event.kind !== 'got' || !('rid' in event.packet)) return false;
    const key = keyOf(event.conn, String(event.packet.rid));
    const sentAt = this.#open.get(key);
    this.#open.delete(key);
    const isLate = sentAt !== undefined && this.#now() - sentAt > LATE_MS;
    return isLate || ('status' in event.packet && event.packet.status === 'rejected');
  }

  /** Whether a request on one of its connections waits for its answer. */
  #isWaiting(node: number): boolean {
    return [...this.#open].some(
      ([key, sentAt]) => this.#nodes.get(connOf(key)) === node && this.#now() - sentAt > LATE_MS,
    );
  }
}
