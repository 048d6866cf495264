import type { TObject } from '@sinclair/typebox';
import type { Role } from '../../schemas/index.js';
import type { Needs } from './needs.js';

/** What a step says: its verb, and the options of that verb. Checked against the schema of the verb. */
export interface Action {
  readonly verb: string;
  readonly [option: string]: unknown;
}

/** What the subject declares, by the names that scripts use. */
export type DeclaredTimers = Readonly<Record<string, number>>;

/** New messages: their labels, and the client whose user gets them. */
export interface Sent {
  labels: readonly string[];
  to: string;
}

/** Everything that the language knows of a verb. Nothing may be left out: a verb that forgets something does not compile. */
export interface VerbFacts<A = Action> {
  readonly name: string;
  readonly schema: TObject;
  /** How it is written, for the table of verbs. */
  readonly example: string;
  /** The messages that it sends first. */
  defines(action: A): Sent | undefined;
  /** The labels that must have been sent before. */
  uses(action: A): readonly string[];
  /** Other clients that it names. */
  clients(action: A): readonly string[];
  /** What it waits for by declaration, in milliseconds: enough to start the longest scenario first. */
  waitMs(action: A, timers: DeclaredTimers): number;
  /** What the kit must be able to do. */
  needs(action: A): Partial<Needs>;
  /** The requirement that the step names itself. */
  requirement(action: A): string | undefined;
  /** The places that it fills in while it is played, beside the limits that the subject declares. */
  readonly fills: readonly FilledWhilePlayed[];
  /** Options that hold a text as it is, whatever braces stand in it. */
  readonly verbatim: readonly string[];
}

/** `{token}`, `{token:NAME}`: a valid token of the client itself, or of another one. `{rid}`, `{msgId}`: fresh ones. `{user:NAME}`: the id of that user. `{serverMsgId:m1}`, `{like:m1}`: of a message. */
export type FilledWhilePlayed = 'rid' | 'rid64' | 'msgId' | 'user' | 'serverMsgId' | 'like' | 'token';

export type Verbs<V = VerbFacts> = ReadonlyMap<string, V>;

/** The verbs of a role: those of the clients that the kit plays, and what can be done to the subject. */
export interface Vocabulary {
  readonly client: Verbs;
  readonly subject: Verbs;
  /** Of the server that the kit plays for a client under test. */
  readonly server?: Verbs;
}

/** The vocabulary in which subjects of a role are tested. */
export type VocabularyOf = Readonly<Record<Role, Vocabulary>>;
