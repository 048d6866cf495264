import type { ClientRoleVocabulary } from '../../play/server/index.js';
import { byName } from '../define.js';
import { answersLate } from './server/answers-late.js';
import { changes } from './server/changes.js';
import { closes } from './server/closes.js';
import { cuts } from './server/cuts.js';
import { delays } from './server/delays.js';
import { doubles } from './server/doubles.js';
import { drops } from './server/drops.js';
import { gets } from './server/gets.js';
import { getsNo } from './server/gets-no.js';
import { goesAway } from './server/goes-away.js';
import { holds } from './server/holds.js';
import { keepsQuiet } from './server/keeps-quiet.js';
import { pushes } from './server/pushes.js';
import { refuses } from './server/refuses.js';
import { rejects } from './server/rejects.js';
import { releases } from './server/releases.js';
import { repeats } from './server/repeats.js';
import { tells } from './server/tells.js';
import { writes } from './server/writes.js';
import { crashes } from './subject/crashes.js';
import { disconnects } from './subject/disconnects.js';
import { exits } from './subject/exits.js';
import { freezes } from './subject/freezes.js';
import { jumps } from './subject/jumps.js';
import { reports } from './subject/reports.js';
import { restarts } from './subject/restarts.js';
import { sends } from './subject/sends.js';
import { streams } from './subject/streams.js';

/** The language in which clients are tested: the kit plays their server, and speaks to their bot. */
export const CLIENT_VOCABULARY: ClientRoleVocabulary = {
  client: new Map<string, never>(),
  subject: byName([sends, streams, reports, disconnects, crashes, restarts, freezes, jumps, exits]),
  server: byName([
    gets,
    getsNo,
    pushes,
    repeats,
    tells,
    keepsQuiet,
    drops,
    delays,
    doubles,
    holds,
    releases,
    cuts,
    rejects,
    changes,
    closes,
    refuses,
    goesAway,
    answersLate,
    writes,
  ]),
};
