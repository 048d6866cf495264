import type { HistoryEventOf, RequirementId, ServerClass } from '../../../schemas/index.js';
import type { Connection } from '../facts/connection.js';
import type { Facts } from '../facts/facts.js';
import type { FactListener } from '../facts/listener.js';
import type { TrackedMessage } from '../facts/message.js';
import type { Policies } from '../facts/policies.js';
import type { Findings } from './findings.js';

/** Why a connection was closed, as far as a rule says so: the rule, and how a sentence goes on. */
export interface CloseCause {
  readonly requirement: RequirementId;
  readonly because: string;
}

/** What a class may know better than core: the rule of its own that was broken. */
export interface Attribution {
  /** The rule that the loss of a message on its way to a connection breaks. */
  ruleOfLoss(message: TrackedMessage, connection: Connection): RequirementId | undefined;
  /** The rule that the record of a message breaks of which every msg:R before was rejected. */
  ruleOfRecord(message: TrackedMessage): RequirementId | undefined;
  /** The rule that a close without a cause breaks. */
  ruleOfClose(connection: Connection, event: HistoryEventOf<'closed'>): CloseCause | undefined;
}

/** Hears of the facts that it wants to judge. */
export type Judge = Partial<FactListener & Attribution>;

export interface JudgeContext {
  readonly facts: Facts;
  readonly findings: Findings;
  /** What the claimed classes say of it: the first that knows. */
  readonly attribution: Attribution;
}

/** A class of conformance, as the judges see it. */
export interface JudgedClass {
  /** What the claim changes for the judges of every class. */
  readonly policies?: (facts: Facts) => Partial<Policies>;
  readonly judges?: (context: JudgeContext) => readonly Judge[];
}

/** The classes that a server may claim. */
export type JudgedClasses = Readonly<Record<ServerClass, JudgedClass>>;
