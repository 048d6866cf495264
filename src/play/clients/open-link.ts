import type { Stage } from '../stage.js';
import { recordUnreached, type StepPlace } from '../step-outcome.js';
import type { Actor } from './actor.js';
import type { Link } from './link.js';

/** Whether there was a connection, and there is none any more. */
export const isOver = (link: Link | undefined): boolean => link?.state === 'closed';

const REPLACED = 'use a replaced connection: this server has ended it';

/** Whether a step has the connection that it needs. If not, its precondition was not reached: nobody is to blame. */
export const requireOpen = (stage: Stage, actor: Actor, link: Link | undefined, place: StepPlace): link is Link => {
  if (link && link.state !== 'closed') return true;
  // Many protocols make a server end the replaced connection. Then there is nothing left to be played on it.
  if (stage.options.dialect && link !== undefined && link === actor.old && !link.endedByKit) {
    stage.record({ kind: 'cannot', client: actor.name, conn: link.conn, why: REPLACED });
    stage.cannotGoOn = true;
    return false;
  }
  const why = link ? `the connection had ended with code ${link.closeCode}` : `${actor.name} never connected`;
  return recordUnreached(stage, place, `${actor.name} has an open connection`, why);
};
