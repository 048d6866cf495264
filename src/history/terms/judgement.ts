import type { Fault, RequirementId, VanishPoint } from '../../../schemas/index.js';
import type { Text } from './text.js';

/** One broken requirement, as the judges see it; the ledger adds sentence and level. */
export interface Finding {
  requirement: RequirementId;
  /** What went wrong, in one sentence. */
  message: string;
  expected: string;
  seen: string;
  /** Where the message vanished or doubled: how far it is known to have come. Without one, where on the server's side. */
  where: string;
  /** The step of the script that was missed, where the finding says no more than that. */
  step?: string;
  /** Only a time bound was missed. */
  late?: boolean;
  /** Line numbers of the history, from 0. */
  events: number[];
  /** The message concerned. */
  about?: MessageKey;
  /** Where something that was due never came: how far that message was known to have come by then. */
  vanishPoint?: VanishPoint;
  /** The words again, where they name an event whose time the judge has forgotten: a Tracer puts it in. */
  texts?: { expected: Text; seen: Text; where: Text };
}

export interface MessageKey {
  from: string;
  msgId: string;
}

/** A fault of the script that never fired in any round. */
export interface UnfiredFault {
  step: string;
  fault: Fault;
  /** Step, fault and aim, for people. */
  text: string;
}

/** Why nothing can be concluded, for code: `Undecided.text` is the sentence. */
export type UndecidedCode =
  | 'step-not-reached'
  | 'closed-by-limit'
  | 'dedup-window-passed'
  | 'token-expired'
  | 'watched-too-short'
  | 'never-acked'
  | 'handed-over-unexplained'
  | 'page-not-judged'
  | 'not-settled'
  | 'service-ended'
  | 'bad-word'
  | 'closed-unexplained';

/** The first of each. */
export interface DialectTrouble {
  unread?: { frame: string; nearest: string };
  cannot?: string;
  /** A step that was missed, although what it rests on is not in the foreign protocol. */
  missed?: { requirement: RequirementId; text: string };
}

export interface Undecided {
  code: UndecidedCode;
  text: string;
}

export interface Judgement {
  findings: Finding[];
  /** Requirement id → how often the history put it to the test and it held or broke. */
  exercised: Record<string, number>;
  faultsNotFired: UnfiredFault[];
  /** Findings that are left out, for the kit that wrote the history, or its network, stood still for too long meanwhile. */
  tooSlow?: { what: 'kit' | 'network'; stalledMs: number; requirements: RequirementId[] } | undefined;
  /** Through a dialect: what the kit could not read, could not say, or saw missed and cannot judge. */
  dialect?: DialectTrouble | undefined;
  /** Why nothing can be concluded: preconditions not reached, settling incomplete without a culprit. */
  undecided: Undecided[];
}
