/** Whose mistake it is: `usage`: the caller's; `unreachable`: the subject's; `kit`: the kit's own, or its machine's. */
export type KitErrorCode = 'usage' | 'unreachable' | 'kit';

/** What a KitError may know beside its sentences. */
export interface KitErrorOptions extends ErrorOptions {
  /** See `KitError.field`. */
  field?: string | undefined;
}

/**
 * The one error class of the kit. `message` is one sentence that names the culprit; `remedy` says what to do.
 * `usage`: the caller's mistake (exit 2). `unreachable`: the subject cannot be tested at all (exit 3).
 * `kit`: the kit's own fault (exit 4), never the subject's.
 */
export class KitError extends Error {
  /** Minified code has no names, and whoever prints an error wants this one. */
  static override readonly name = 'KitError';
  /** Whose mistake it is. */
  readonly code: KitErrorCode;
  /** What to do, in one sentence or two. */
  readonly remedy: string;
  /** The option that is wrong, as the caller wrote it: `max-wait` in a file, `maxWait` in a program. Absent: no single one is. */
  readonly field?: string;

  constructor(code: KitErrorCode, message: string, remedy: string, { field, ...options }: KitErrorOptions = {}) {
    super(message, options);
    this.name = 'KitError';
    this.code = code;
    this.remedy = remedy;
    if (field !== undefined) this.field = field;
  }
}
