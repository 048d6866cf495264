import { parentPort, workerData } from 'node:worker_threads';
import type { Report, ScenarioResult } from '../../schemas/index.js';
import { defined } from '../../src/defined.js';
import { baselineOf } from '../../src/harness/run/baseline.js';
import { mergeRepetitions } from '../../src/harness/run/repetitions.js';
import { assembleReport } from '../../src/harness/run/suite-report.js';
import { count } from '../../src/report/words.js';
import type { LiveHead, LiveMessage } from './live-messages.js';
import { writeFileTarget } from './report-targets.js';
import { stepsFinder } from './step-texts.js';

/** No report is written more often, and none takes more than a tenth of a processor. */
const LEAST_PAUSE_MS = 1_000;
const PAUSE_PER_COST = 9;
const LONGEST_PAUSE_MS = 10_000;

const head = workerData as LiveHead;
const results = new Map<string, ScenarioResult>();
let timer: NodeJS.Timeout | undefined;
/** The first one comes at once. */
let pauseMs = 0;

const keyOf = ({ id, repetitions }: ScenarioResult): string => `${id}~${repetitions?.shown ?? 1}`;

/** The report of a run that goes no further than this. */
const reportNow = (problem: string, exitCode?: number): Report => {
  const { kit, subject, startedAt, shard, selection, baseline } = head;
  const report = assembleReport({
    ...{ kit, subject, startedAt, complete: false, problems: [problem] },
    ...defined({ shard }),
    results: mergeRepetitions([...results.values()]),
    baseline: baselineOf(baseline),
    allowUnproven: selection?.allowUnproven ?? false,
    durationMs: Date.now() - Date.parse(startedAt),
  });
  return { ...report, ...defined({ selection, exitCode }) };
};

const write = async (report: Report): Promise<void> => {
  for (const target of head.targets) {
    try {
      await writeFileTarget(target, report, { stepsOf: stepsFinder() });
    } catch {
      // The last report of the run, which takes the place of this one, tells what cannot be written.
    }
  }
};

const writeNow = async (): Promise<void> => {
  const from = performance.now();
  const how = `written while the run went on, after ${results.size} of ${count(head.total, 'scenario')}`;
  await write(reportNow(`this report was ${how}. If the run is over, it was killed: start it again.`));
  const costMs = performance.now() - from;
  pauseMs = Math.min(LONGEST_PAUSE_MS, Math.max(LEAST_PAUSE_MS, PAUSE_PER_COST * costMs));
  timer = undefined;
};

parentPort?.on('message', async (message: LiveMessage) => {
  if (message.kind === 'result') {
    results.set(keyOf(message.result), message.result);
    timer ??= setTimeout(writeNow, pauseMs);
    return;
  }
  clearTimeout(timer);
  if (results.size > 0) await write(reportNow(message.problem, message.exitCode));
  parentPort?.postMessage(results.size > 0);
});
