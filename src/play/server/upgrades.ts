import { WIRE } from '../../../schemas/index.js';
import { defined } from '../../defined.js';
import type { Upgrade } from './ports.js';
import { SUBJECT_NAME } from './server-link.js';
import type { ServerStage } from './server-stage.js';

/** What is done to an upgrade instead of accepting it. */
export interface Refusal {
  left: number;
  /** undefined: it is never answered. */
  status: number | undefined;
  headers: Readonly<Record<string, string>>;
  onFired: () => void;
}

/** How long a client has to wait by a `Retry-After` of the kit: whole seconds, or a date. */
const waitMsOf = (retryAfter: string): number =>
  /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1_000 : Math.max(Date.parse(retryAfter) - Date.now(), 0);

/** Which upgrades of the subject become connections, and when: all of them at once, unless the script wants it otherwise. */
export class Upgrades {
  readonly #stage: ServerStage;
  refusal: Refusal | undefined;
  /** How much later upgrades are accepted. */
  lateness: { ms: number; onFired: () => void } | undefined;
  /** Those that were refused because they did not offer the subprotocol. */
  unoffered = 0;
  #conns = 0;

  constructor(stage: ServerStage) {
    this.#stage = stage;
  }

  /** No fault of the script strikes an upgrade any more. */
  endFaults(): void {
    this.refusal = undefined;
    this.lateness = undefined;
  }

  take(upgrade: Upgrade): void {
    const stage = this.#stage;
    stage.quota.noteUpgrade();
    if (stage.quota.isExceeded) {
      upgrade.refuse(503, {});
      return;
    }
    stage.arrived({ what: 'attempt' });
    const { refusal } = this;
    if (refusal !== undefined && refusal.left > 0) {
      refusal.left -= 1;
      this.#refuse(upgrade, refusal);
      refusal.onFired();
      stage.notify();
      return;
    }
    // As a server does that keeps IM-1-2. The token was checked before.
    if (!upgrade.offersProtocol) {
      this.unoffered += 1;
      this.#refuse(upgrade, { status: 400, headers: {}, error: `it did not offer ${WIRE.subprotocol}` });
      stage.notify();
      return;
    }
    // The client has tried by now, however late it is let in.
    const conn = this.#nextConn();
    stage.record({ kind: 'opening', client: SUBJECT_NAME, conn });
    const { lateness } = this;
    if (lateness === undefined) {
      void stage.accept(upgrade, conn);
      return;
    }
    lateness.onFired();
    stage.server.later(lateness.ms, () => void stage.accept(upgrade, conn));
  }

  #refuse(
    upgrade: Upgrade,
    { status, headers, error }: Pick<Refusal, 'status' | 'headers'> & { error?: string },
  ): void {
    const conn = this.#nextConn();
    const retryAfter = headers['Retry-After'];
    this.#stage.record({ kind: 'opening', client: SUBJECT_NAME, conn });
    this.#stage.record({
      kind: 'refused',
      client: SUBJECT_NAME,
      conn,
      refusal: status === undefined ? 'timeout' : 'status',
      error: error ?? (status === undefined ? 'the kit did not answer' : `HTTP ${status}`),
      ...defined({ status, retryAfterMs: retryAfter === undefined ? undefined : waitMsOf(retryAfter) }),
    });
    if (status !== undefined) upgrade.refuse(status, headers);
  }

  #nextConn(): number {
    this.#conns += 1;
    return this.#conns;
  }
}
