import type { ScenarioResult } from '../../schemas/index.js';

/** Why a test that `registerConformance` made has failed. Its message is what a terminal would show. */
export class ScenarioFailure extends Error {
  /** Minified code has no names, and whoever prints an error wants this one. */
  static override readonly name = 'ScenarioFailure';
  /** The result of the scenario; absent where the failure is about the run as a whole. Not enumerable: runners print what is. */
  declare readonly result?: ScenarioResult;

  constructor(message: string, result?: ScenarioResult) {
    super(message);
    this.name = 'ScenarioFailure';
    // Where the kit threw it helps nobody: the fault is in the subject.
    this.stack = `${this.name}: ${message}`;
    Object.defineProperty(this, 'result', { value: result, enumerable: false });
  }
}
