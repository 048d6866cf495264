import type { ClientJudge } from '../context.js';
import { judgeIdentity } from './identity.js';
import { judgeOutcomes } from './outcomes.js';
import { judgeReconnects } from './reconnects.js';
import { judgeSendings } from './sendings.js';
import { judgeStored } from './stored.js';

/** What a sender must do. */
export const sender: readonly ClientJudge[] = [
  judgeIdentity,
  judgeSendings,
  judgeReconnects,
  judgeStored,
  judgeOutcomes,
];
