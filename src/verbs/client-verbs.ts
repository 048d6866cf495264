import { acks } from './client/acks.js';
import { acksId } from './client/acks-id.js';
import { answersPings } from './client/answers-pings.js';
import { autoAcks } from './client/auto-acks.js';
import { connects } from './client/connects.js';
import { disconnects } from './client/disconnects.js';
import { drops } from './client/drops.js';
import { fetches } from './client/fetches.js';
import { floods } from './client/floods.js';
import { gets } from './client/gets.js';
import { getsNo } from './client/gets-no.js';
import { goes } from './client/goes.js';
import { opens } from './client/opens.js';
import { pings } from './client/pings.js';
import { pongs } from './client/pongs.js';
import { reads } from './client/reads.js';
import { releases } from './client/releases.js';
import { resends } from './client/resends.js';
import { sends } from './client/sends.js';
import { writes } from './client/writes.js';
import { byName } from './define.js';

/** Everything a client of the kit can be told to do, in the order in which it is explained. */
export const CLIENT_VERBS = byName([
  connects,
  disconnects,
  goes,
  reads,
  sends,
  resends,
  releases,
  acks,
  acksId,
  opens,
  floods,
  gets,
  drops,
  getsNo,
  writes,
  pings,
  pongs,
  answersPings,
  fetches,
  autoAcks,
]);
