import type { JudgedClass } from '../../judge.js';
import { InboxJudge } from './inbox.js';
import { WindowJudge } from './window.js';

/** Class `flow-control`. */
export const flowControl: JudgedClass = {
  judges: (context) => [new WindowJudge(context), new InboxJudge(context)],
};
