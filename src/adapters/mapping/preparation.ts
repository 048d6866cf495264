import type { DialectFile } from '../../../schemas/index.js';
import type { Tables } from './hole.js';
import { fill, match } from './template.js';

/** What must be said once before the first message to somebody, and the messages that wait for its answer. */
export class Preparation {
  readonly #prepare: DialectFile['prepare'];
  readonly #tables: Tables;
  /** By receiver: what waits; undefined once it is prepared. */
  readonly #waiting = new Map<string, (() => void)[] | undefined>();

  constructor(prepare: DialectFile['prepare'], tables: Tables) {
    this.#prepare = prepare;
    this.#tables = tables;
  }

  /** Writes now, or after the answer to what is written first. */
  before(to: string, writeFirst: (template: unknown) => void, write: () => void): void {
    if (this.#prepare === undefined) {
      write();
      return;
    }
    if (!this.#waiting.has(to)) {
      this.#waiting.set(to, this.#prepare.await === undefined ? undefined : []);
      writeFirst(this.#prepare.send);
    }
    const queue = this.#waiting.get(to);
    if (queue === undefined) write();
    else queue.push(write);
  }

  /** Whether a frame is the answer for somebody. One that does not name its receiver is for whoever waits longest. */
  hear(frame: unknown): boolean {
    const awaited = this.#prepare?.await;
    if (awaited === undefined) return false;
    for (const [to, queue] of this.#waiting) {
      if (queue === undefined) continue;
      const matched = match(awaited, frame, this.#tables);
      if (!matched.ok || (matched.captured.to !== undefined && matched.captured.to !== to)) continue;
      this.#waiting.set(to, undefined);
      for (const write of queue) write();
      return true;
    }
    return false;
  }
}

/** Whether the template can be filled with no more than who it is for. */
export const isPreparable = (template: unknown, tables: Tables): boolean => {
  try {
    fill(template, { to: 'bob', user: 'alice', device: 'default', token: 'alice', now: 0 }, tables);
    return true;
  } catch {
    return false;
  }
};
