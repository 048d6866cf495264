import type { HistoryEvent } from '../../schemas/index.js';
import type { Paint } from './paint.js';

/** One step of a script, by the number that a violation names. */
export interface ShownStep {
  /** Its number: `2.1`. */
  step: string;
  /** The step as the script writes it. */
  text: string;
}

/** What a report does not hold and a page for people shows. Everything is optional: without it, less is told. */
export interface RenderOptions {
  /** Colours of a terminal, for `pretty`. */
  paint?: Paint;
  /** Columns of the terminal, for `pretty`: 110. */
  width?: number;
  /** Line drawing and arrows, for `pretty`; without it, diagrams are ASCII. Default true. */
  unicode?: boolean;
  /** For `pretty`: tells every failure in full, and the fault matrix. `quiet`: the verdict alone. */
  detail?: 'normal' | 'verbose' | 'quiet';
  /** For `pretty`: the files that were written, such as `html report: out.html`. */
  written?: readonly string[];
  /** For `pretty`: ids of scenarios that are drawn even if nothing failed in them. */
  trace?: readonly string[];
  /** The history of a scenario by its id, where it was kept. */
  historyOf?: (id: string) => Iterable<HistoryEvent> | undefined;
  /** The steps of a scenario by its id. */
  stepsOf?: (id: string) => readonly ShownStep[];
}
