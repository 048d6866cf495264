import type { Report, ScenarioResult } from '../../schemas/index.js';
import type { RunProgress } from '../harness/options.js';

/** The subject answered and was described; scenarios begin now. Comes once, unless nothing could be tested. */
export interface StartedEvent {
  /** Tells the events apart. */
  readonly type: 'started';
  /** As the report names it. */
  readonly subject: Report['subject'];
  /** Scenarios that were chosen. */
  readonly total: number;
  /** With the same seed, a later run makes the same random choices. */
  readonly seed: string;
}

/** One sentence about something that a person should know and that does not decide the verdict. */
export interface NoteEvent {
  /** Tells the events apart. */
  readonly type: 'note';
  /** The sentence. */
  readonly text: string;
}

/** A scenario came to a result that does not count yet: it may be played again, alone, or it is one of several repetitions. */
export interface ScenarioAttemptedEvent {
  /** Tells the events apart. */
  readonly type: 'scenario-attempted';
  /** With its verdict, and what was seen. */
  readonly result: ScenarioResult;
}

/** A scenario is done: comes once for each scenario of the report, with the result that stands there. */
export interface ScenarioFinishedEvent {
  /** Tells the events apart. */
  readonly type: 'scenario-finished';
  /** With its verdict, and what was seen. */
  readonly result: ScenarioResult;
}

/** How far the run is. Of several that nobody has read yet, only the newest is kept. */
export interface ProgressEvent extends RunProgress {
  /** Tells the events apart. */
  readonly type: 'progress';
}

/** The last event: everything that the run found. */
export interface ReportEvent {
  /** Tells the events apart. */
  readonly type: 'report';
  /** The same that `report` of the run resolves with. */
  readonly report: Report;
}

/** What happens in a run, as it happens; `type` tells which it is. New types may come with new versions. */
export type ConformanceEvent =
  | StartedEvent
  | NoteEvent
  | ScenarioAttemptedEvent
  | ScenarioFinishedEvent
  | ProgressEvent
  | ReportEvent;
