import type { Action, VerbFacts } from '../script/index.js';
import type { Actor } from './clients/actor.js';
import type { Stage } from './stage.js';
import type { StepPlace } from './step-outcome.js';

/** Whether the script may go on. */
type GoesOn = boolean | Promise<boolean>;

/** What a client of the kit can be told to do. */
export interface ClientVerb<A = Action> extends VerbFacts<A> {
  perform(stage: Stage, actor: Actor, action: A, place: StepPlace): GoesOn;
}

/** What can be done to the subject, or be seen of it. */
export interface SubjectVerb<A = Action> extends VerbFacts<A> {
  perform(stage: Stage, action: A, place: StepPlace): GoesOn;
}

/** A vocabulary that can be played, and not only read. */
export interface PlayedVocabulary {
  readonly client: ReadonlyMap<string, ClientVerb>;
  readonly subject: ReadonlyMap<string, SubjectVerb>;
}
