import type { ClientAction } from '../../../schemas/index.js';
import type { Actor } from '../../play/clients/actor.js';
import type { Link } from '../../play/clients/link.js';
import type { Stage } from '../../play/stage.js';
import { recordUnreached, type StepPlace } from '../../play/step-outcome.js';

export type Action<V extends ClientAction['verb']> = Extract<ClientAction, { verb: V }>;

/** Performs one verb of a client. Resolves with false when the script cannot go on. */
export type Perform<V extends ClientAction['verb']> = (
  stage: Stage,
  actor: Actor,
  action: Action<V>,
  place: StepPlace,
) => boolean | Promise<boolean>;

export const requireOpen = (stage: Stage, actor: Actor, link: Link | undefined, place: StepPlace): link is Link => {
  if (link && link.state !== 'closed') return true;
  const why = link ? `the connection had ended with code ${link.closeCode}` : `${actor.name} never connected`;
  return recordUnreached(stage, place, `${actor.name} has an open connection`, why);
};
