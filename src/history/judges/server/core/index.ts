import type { JudgedClass } from '../../judge.js';
import { judgeAcks } from './acks.js';
import { judgeAnswers } from './answers.js';
import { Closes } from './closes.js';
import { Dues } from './dues.js';
import { judgeExits } from './exits.js';
import { judgeLoss } from './loss.js';
import { judgeMsgAnswers } from './msg-answers.js';
import { judgePackets } from './packets.js';
import { judgePushes } from './pushes.js';
import { judgeReceipts } from './receipts.js';
import { judgeSteps } from './steps.js';

/** What every server is judged by. */
export const core: JudgedClass = {
  judges: (context) => {
    const closes = new Closes(context);
    return [
      judgePackets(context),
      judgeAnswers(context),
      judgeMsgAnswers(context),
      judgeAcks(context),
      judgePushes(context),
      judgeReceipts(context),
      new Dues(context),
      judgeLoss(context),
      judgeSteps(context, closes),
      closes,
      judgeExits(context, closes),
    ];
  },
};
