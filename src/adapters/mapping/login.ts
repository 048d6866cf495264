import type { LoginStep } from '../../../schemas/index.js';
import type { Tables } from './hole.js';
import { match } from './template.js';

/** The steps until a user is in: what is said, and what is then waited for. */
export class Login {
  readonly #steps: readonly LoginStep[];
  readonly #known: Record<string, unknown>;
  readonly #tables: Tables;
  #at = 0;
  #hasSpoken = false;

  /** What its steps capture is put into `known`. */
  constructor(steps: readonly LoginStep[], known: Record<string, unknown>, tables: Tables) {
    this.#steps = steps;
    this.#known = known;
    this.#tables = tables;
  }

  get isOver(): boolean {
    return this.#at >= this.#steps.length;
  }

  /** What is to be said now, if anything is: each step speaks once, and one that waits for nothing is done then. */
  next(): unknown {
    for (; !this.isOver; this.#at += 1, this.#hasSpoken = false) {
      const { send, await: awaited } = this.#steps[this.#at] as LoginStep;
      if (!this.#hasSpoken && send !== undefined) {
        this.#hasSpoken = true;
        return send;
      }
      if (awaited !== undefined) return undefined;
    }
    return undefined;
  }

  /** Whether a frame belongs to the login: the step is done, or the user is not let in. */
  hear(frame: unknown): 'taken' | { refused: string } | undefined {
    if (this.isOver) return undefined;
    const { await: awaited, refused } = this.#steps[this.#at] as LoginStep;
    const no = refused === undefined ? undefined : match(refused, frame, this.#tables);
    if (no?.ok) return { refused: String(no.captured.why ?? JSON.stringify(frame)) };
    const yes = match(awaited, frame, this.#tables);
    if (!yes.ok) return undefined;
    Object.assign(this.#known, yes.captured);
    this.#at += 1;
    this.#hasSpoken = false;
    return 'taken';
  }
}
