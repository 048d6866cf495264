import type { JudgedClass } from '../../judge.js';
import { MetricsJudge } from './metrics.js';
import { Tally } from './tally.js';

/** Class `observable`: the page with the metrics of the server. */
export const observable: JudgedClass = {
  judges: (context) => {
    const tally = new Tally(context);
    return [tally, new MetricsJudge(context, tally)];
  },
};
