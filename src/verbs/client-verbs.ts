import type { ClientAction } from '../../schemas/index.js';
import type { Actor } from '../play/clients/actor.js';
import type { Stage } from '../play/stage.js';
import type { StepPlace } from '../play/step-outcome.js';
import { answersPings, connects, disconnects, fetches, goes, pings, reads, writes } from './client/connection.js';
import { drops, gets, getsNo } from './client/expecting.js';
import { floods } from './client/floods.js';
import type { Perform } from './client/perform.js';
import { opens } from './client/sealed.js';
import { acks, acksId, autoAcks, releases, resends, sends } from './client/sending.js';

const PERFORM: { [V in ClientAction['verb']]: Perform<V> } = {
  connects,
  disconnects,
  goes,
  reads,
  sends,
  resends,
  releases,
  acks,
  acksId,
  gets,
  drops,
  getsNo,
  writes,
  pings,
  answersPings,
  autoAcks,
  fetches,
  floods,
  opens,
};

/** Performs one step of a client. Resolves with false when the script cannot go on. */
export const performClientStep = async (
  stage: Stage,
  actor: Actor,
  action: ClientAction,
  place: StepPlace,
): Promise<boolean> => (PERFORM[action.verb] as Perform<ClientAction['verb']>)(stage, actor, action as never, place);
