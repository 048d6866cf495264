import { KitError } from '../errors.js';

/**
 * The functions of a test runner: `{ describe, test, after }` of node:test, `{ describe, test, after: afterAll }` of
 * vitest, `{ describe, test: it, after }` of mocha, `{ test: t.test.bind(t), after: t.teardown.bind(t) }` of tap.
 */
export interface TestHost {
  /** Groups tests. Absent: the name of a test begins with that of its group. */
  describe?(name: string, body: () => void): unknown;
  /** Registers a test. Only runners that take a time bound as third argument, such as vitest, are given one. */
  test(name: string, body: (this: unknown, ...context: unknown[]) => Promise<void>, timeoutMs?: number): unknown;
  /** Calls the function when the tests are over, so that no run outlives them. Recommended. */
  after?(body: () => Promise<void>): unknown;
  /** Skips the test that runs, for runners whose tests cannot be skipped by their context or by `this.skip()`. */
  skip?(reason: string): void;
}

type Bag = Readonly<Record<string, unknown>>;
type Method = (this: unknown, ...words: unknown[]) => unknown;

const bagOf = (value: unknown): Bag =>
  (typeof value === 'object' || typeof value === 'function') && value !== null ? (value as Bag) : {};

const call = (owner: Bag, name: string, ...words: unknown[]): boolean => {
  const method = owner[name];
  if (typeof method !== 'function') return false;
  (method as Method).apply(owner, words);
  return true;
};

/** One test while it runs, whatever its runner gives it: a context as an argument, or itself as `this`. */
export class RunningTest {
  readonly #host: TestHost;
  readonly #self: Bag;
  readonly #context: Bag;

  constructor(host: TestHost, self: unknown, context: readonly unknown[]) {
    this.#host = host;
    this.#self = bagOf(self);
    this.#context = bagOf(context[0]);
  }

  /** A scenario may have to wait for declared timers, and the first one for the start of the subject. */
  allow(timeoutMs: number): void {
    if (call(this.#context, 'setTimeout', timeoutMs)) return;
    call(this.#self, 'timeout', timeoutMs);
  }

  /** Runners that count assertions take a test without any for an empty one. */
  pass(): void {
    call(this.#context, 'pass', 'passed');
  }

  /** tap makes a title and a stack of a message, and would show neither its lines nor what stands in them. */
  fail(failure: Error): void {
    if (typeof this.#context.pass !== 'function') throw failure;
    const [title = '', ...lines] = failure.message.split('\n');
    call(this.#context, 'fail', title, { stack: '', failure: lines.join('\n') });
  }

  /** Ends the test as skipped; some runners do that by an exception. A test that was not played must not look passed. */
  skip(reason: string): void {
    if (this.#host.skip !== undefined) {
      this.#host.skip(reason);
      return;
    }
    // tap skips a test that has begun by planning nothing; its `skip` would begin another one.
    const isTap = typeof this.#context.pass === 'function';
    if (isTap ? call(this.#context, 'plan', 0, reason) : call(this.#context, 'skip', reason)) return;
    if (call(this.#self, 'skip')) return;
    const remedy = 'Give the host a function `skip`, or choose only what applies with `classes` and `only`.';
    throw new KitError('usage', `this test runner cannot skip a test that runs: ${reason}`, remedy);
  }
}

/** vitest and its like have `test.concurrent`, and take a time bound as third argument. */
export const takesBound = ({ test }: TestHost): boolean => 'concurrent' in test;
