import type { Stage } from '../stage.js';
import { recordUnreached, type StepPlace } from '../step-outcome.js';
import type { Actor } from './actor.js';
import type { Link } from './link.js';

/** Whether there was a connection, and there is none any more. */
export const isOver = (link: Link | undefined): boolean => link?.state === 'closed';

/** Whether a step has the connection that it needs. If not, its precondition was not reached: nobody is to blame. */
export const requireOpen = (stage: Stage, actor: Actor, link: Link | undefined, place: StepPlace): link is Link => {
  if (link && link.state !== 'closed') return true;
  const why = link ? `the connection had ended with code ${link.closeCode}` : `${actor.name} never connected`;
  return recordUnreached(stage, place, `${actor.name} has an open connection`, why);
};
