import type {
  Description,
  HistoryEvent,
  HistoryHead,
  NotPlayedBecause,
  Report,
  Role,
  SubjectClass,
} from '../../schemas/index.js';
import type { Scenario } from '../script/index.js';
import type { RunOptions } from './options.js';
import type { SubjectExit } from './subject.js';

/** Why a scenario is not played. `unable`: the kit cannot, though the subject might pass. */
export interface NotPlayed {
  verdict: 'not-applicable' | 'unproven';
  because: NotPlayedBecause;
  unable?: true;
}

/** What every stage needs, whatever the role of the subject. */
export interface PlayOptions {
  patienceMs: number;
  /** Makes the users of this scenario different from those of every other. */
  userSuffix: string;
  /** Numbers from 0 to 1, reproducible by the seed. */
  random(): number;
  signal: AbortSignal;
  /** Longest time for which the event loop of the kit has stood still since the scenario began, in milliseconds. */
  stalledMs(): number;
  /** Every event of the history, in order. */
  onEvent(event: HistoryEvent): void;
}

/** One playing of a scenario. */
export interface Performance {
  /** Whether a process of the subject ended by itself. */
  noteExit(exit: SubjectExit): void;
  /** Throws KitError for the kit's own faults and Interrupted when the run is interrupted. */
  play(): Promise<void>;
  /** Milliseconds since it began. */
  now(): number;
  /** Time that no kit can shorten. */
  readonly waitedMs: number;
}

/** What one scenario has of an instance while it is played. */
export interface Seat {
  perform(options: PlayOptions): Performance;
  /** Calls the listener when a process of the subject ends by itself. Returns a function that takes it off. */
  onExit(listener: (exit: SubjectExit) => void): () => void;
  /**
   * Gives back what was lent. `settled`: all that was sent is known to be done with. Rejects with a KitError when
   * something cannot be used again.
   */
  leave(settled: boolean): Promise<void>;
}

/** One running copy of the subject, or the place where scenarios start copies of their own. */
export interface Instance {
  /** When a process ended by itself, by `performance.now()`. */
  readonly exits: readonly number[];
  /** A service that the kit started for it ended by itself: that is told, whatever came of it. */
  readonly lostService?: boolean;
  /** One sentence, with the last words of the subject, if it ended by itself. */
  exitReport(): Promise<string | undefined>;
  /** Waits for its turn, and makes the subject ready for the scenario. */
  seat(scenario: Scenario): Promise<Seat>;
  /** Makes it as it was at the start of the run, where that is possible. Rejects with a KitError when it does not start. */
  renew?(): Promise<void>;
  close(): Promise<void>;
}

/** Everything known of the subject before the first scenario. */
export interface Prepared {
  role: Role;
  classes: readonly SubjectClass[];
  description: Description;
  /** How reports name the subject. */
  subject: Report['subject'];
  /** What the head of each history says of the subject. */
  head: Pick<HistoryHead, 'subject' | 'timers' | 'limits' | 'network' | 'dialect'>;
  /** What was noticed and what keeps nobody out. */
  notes: readonly string[];
  /** The instance that scenarios share. */
  first: Instance;
  /** Starts a further instance; absent where there can be only one. */
  startAnother?: () => Promise<Instance>;
  /** Why a scenario is not run on this subject, or nothing when it is. */
  whyNotRun(scenario: Scenario): (NotPlayed & { reason: string }) | undefined;
  /** What a script will have to wait for, in milliseconds: the longest goes first. */
  waitMs(scenario: Scenario): number;
  /** Called once before anything is played. Throws a usage KitError when these scenarios cannot be played here. */
  ready(scenarios: readonly Scenario[]): Promise<void>;
  /** Why a subject that the kit did not start cannot be reached any more: one sentence. Nothing when it can. */
  whyGone(): Promise<string | undefined>;
}

/** What is needed to test a subject of a role. The run knows no more of a role than this. */
export interface RoleHarness {
  /**
   * Starts or finds the subject, looks in first and learns what it claims. Throws KitError when it cannot be tested, and
   * Interrupted when the signal aborts meanwhile. `say` tells the user what cannot wait until the subject is there.
   */
  prepare(options: RunOptions, signal: AbortSignal, say?: (text: string) => void): Promise<Prepared>;
}
