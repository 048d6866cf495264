import type { Action, VerbFacts } from '../../script/index.js';
import type { StepPlace } from '../step-outcome.js';
import type { ServerStage } from './server-stage.js';

/** What can be done to a client under test, or by the server that the kit plays for it. */
export interface ServerStageVerb<A = Action> extends VerbFacts<A> {
  /** Whether the script may go on. */
  perform(stage: ServerStage, action: A, place: StepPlace): boolean | Promise<boolean>;
}

/** A vocabulary for clients under test that can be played. */
export interface ClientRoleVocabulary {
  /** The kit plays no clients for a client under test. */
  readonly client: ReadonlyMap<string, never>;
  readonly subject: ReadonlyMap<string, ServerStageVerb>;
  readonly server: ReadonlyMap<string, ServerStageVerb>;
}
