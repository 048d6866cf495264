import type { Report, Verdict } from '../../../../schemas/index.js';
import { loadVia } from '../../../adapters/load-via.js';
import { runSuite } from '../../index.js';
import type { RunOptions } from '../../options.js';

/** Tests a broker through a built-in protocol, quickly; `more` says what is to be otherwise. */
export const runVia = async (via: string, more: Partial<RunOptions>): Promise<Report> =>
  runSuite(
    {
      ...{ dialect: await loadVia(via), only: [], skip: [], headers: {}, allowUnproven: false },
      ...{ seed: via.split('?')[0] ?? via, concurrency: 16, instances: 1, patienceMs: 400, replayArguments: [] },
      describe: { protocol: 'im.ran.v1', timers: { answerWithinMs: 800, redeliverAfterMs: 300 } },
      ...more,
    },
    {},
    new AbortController().signal,
  );

/** Ids of the scenarios that ended so. */
export const withVerdict = (report: Report, verdict: Verdict): string[] =>
  report.scenarios.filter((result) => result.verdict === verdict).map(({ id }) => id);

/** Ids of the scenarios that the kit tried, whatever came of it: on a busy machine that may be no verdict. */
export const played = (report: Report): string[] =>
  report.scenarios.filter(({ verdict }) => verdict !== 'not-applicable').map(({ id }) => id);

/** What was found, a line each. */
export const violationsOf = (report: Report): string[] =>
  report.scenarios.flatMap(({ violations }) => violations.map((one) => `${one.requirement} ${one.message}`));
