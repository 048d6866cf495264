import type { Report, ScenarioResult } from '../../schemas/index.js';
import type { RunOptions } from '../../src/harness/options.js';
import type { ReportTarget } from './report-targets.js';

/** What reports are made of before there is a result. All of it may be published. */
export interface LiveHead {
  targets: readonly ReportTarget[];
  kit: Report['kit'];
  subject: Report['subject'];
  selection?: NonNullable<Report['selection']>;
  shard?: NonNullable<Report['shard']>;
  baseline: NonNullable<RunOptions['baseline']>;
  startedAt: string;
  /** Scenarios that are to be played; with `--repeat`, times that they are. */
  total: number;
}

/** What the run tells those who write its reports meanwhile. */
export type LiveMessage =
  | { kind: 'result'; result: ScenarioResult }
  /** The run broke: a last report says why, and that is answered. */
  | { kind: 'broken'; exitCode: number; problem: string };
