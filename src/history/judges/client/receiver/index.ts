import type { ClientJudge } from '../context.js';
import { judgeAckPauses } from './ack-pauses.js';
import { judgeAcks } from './acks.js';
import { judgeInbox } from './inbox.js';
import { judgeInboxOrder } from './inbox-order.js';

/** What a receiver must do. */
export const receiver: readonly ClientJudge[] = [judgeAcks, judgeAckPauses, judgeInbox, judgeInboxOrder];
