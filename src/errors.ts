export type KitErrorCode = 'usage' | 'unreachable' | 'kit';

/**
 * The one error class of the kit. `message` is one sentence that names the culprit; `remedy` says what to do.
 * `usage`: the caller's mistake (exit 2). `unreachable`: the subject cannot be tested at all (exit 3).
 * `kit`: the kit's own fault (exit 4), never the subject's.
 */
export class KitError extends Error {
  readonly code: KitErrorCode;
  readonly remedy: string;

  constructor(code: KitErrorCode, message: string, remedy: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'KitError';
    this.code = code;
    this.remedy = remedy;
  }
}
