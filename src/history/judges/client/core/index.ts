import type { ClientJudge } from '../context.js';
import { judgeConnections } from './connections.js';
import { judgePackets } from './packets.js';
import { judgeRids } from './rids.js';
import { judgeSingle } from './single.js';
import { judgeSteps } from './steps.js';
import { judgeSurvival } from './survival.js';
import { judgeWords } from './words.js';

/** What every client must do. */
export const core: readonly ClientJudge[] = [
  judgePackets,
  judgeRids,
  judgeConnections,
  judgeSingle,
  judgeSurvival,
  judgeSteps,
  judgeWords,
];
