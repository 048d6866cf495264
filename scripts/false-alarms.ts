import { writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { ENGINES } from '../conformance/patching/cluster-command.js';
import { refuseStale } from '../conformance/patching/stale.js';
import { startBurners } from '../conformance/variants/burners.js';
import { whyNoClient } from '../conformance/variants/client-command.js';
import { durationText, rowsOf, tableOf, tooLittleJudged } from '../conformance/variants/figures.js';
import { runKit } from '../conformance/variants/kit-run.js';
import { loadVariants } from '../conformance/variants/load-variants.js';
import { whyNoProxy } from '../conformance/variants/network/proxies.js';
import {
  chooseVariants,
  EVERY_CLASS,
  missingRuns,
  OF_CLIENTS,
  OF_CLUSTERS,
  type Plan,
  type Planned,
  type Series,
  USUAL_CLASSES,
} from '../conformance/variants/plan.js';
import { publishedFile, publishedOf, readPublished } from '../conformance/variants/publish.js';
import { type RunRecord, recordOf } from '../conformance/variants/record.js';
import { appendRecord, currentBuild, prepareResults, readRecords } from '../conformance/variants/results.js';
import { roleOf, type Variant } from '../conformance/variants/variant.js';
import { KitError } from '../src/errors.js';
import { type Options, readOptions } from './false-alarms-options.js';
import { figuresFile, renewedFigures } from './figures.js';

/** `incomplete`: runs are missing, too little was judged, or the command itself failed. */
const EXIT = { silent: 0, falseAlarm: 1, usage: 2, incomplete: 4, interrupted: 130 } as const;

const tell = (text: string): void => void process.stderr.write(`${text}\n`);

/** Where a program is missing, its variant is named and left out. */
const isTestable = (variant: Variant): boolean => {
  const { id, proxy, cluster } = variant;
  const why = (proxy && whyNoProxy(proxy)) ?? (cluster && ENGINES[cluster].whyNot()) ?? whyNoClient(variant);
  if (why === undefined) return true;
  if (process.env.IM_REQUIRE_ALL === '1') throw new KitError('usage', `${id} cannot be tested`, why);
  tell(`not tested: ${id}: ${why}`);
  return false;
};

const seriesFrom = (options: Options): Series[] => {
  const { role, classes = USUAL_CLASSES, scenarios: only, shards, runs, everyClass, clientRuns, clusterRuns } = options;
  const all: Series[] = [{ role: 'server', classes, only, shards, runs }];
  if (options.classes === undefined) {
    all.push({ role: 'server', classes: EVERY_CLASS, only, shards, runs: everyClass });
    all.push({ role: 'server', classes: OF_CLUSTERS, only, shards, runs: clusterRuns });
    all.push({ role: 'client', classes: OF_CLIENTS, only, shards, runs: clientRuns });
  }
  return all.filter((series) => series.runs > 0 && (role ?? series.role) === series.role);
};

const planFrom = (options: Options): Plan => {
  const series = seriesFrom(options);
  const roles = new Set(series.map(({ role }) => role));
  const chosen = chooseVariants(loadVariants(), options.only).filter((variant) => roles.has(roleOf(variant)));
  return {
    variants: chosen.filter(isTestable),
    series,
    burners: options.burners,
    build: currentBuild(),
    anyBuild: options.anyBuild,
  };
};

/** What a run of that kind took on average, as far as any was made; otherwise as the others. */
const expectedMs = ({ classes }: Planned, records: readonly RunRecord[]): number => {
  const alike = records.filter((record) => record.classes.join() === classes.join());
  const known = alike.length > 0 ? alike : records;
  return known.reduce((sum, { wallMs }) => sum + wallMs, 0) / Math.max(1, known.length);
};

const progressOf = (
  record: RunRecord,
  left: readonly Planned[],
  records: readonly RunRecord[],
  parallel: number,
): string => {
  const ms = left.reduce((sum, planned) => sum + expectedMs(planned, records), 0) / parallel;
  const { variant, run, classes, judged, wallMs, inconclusive, tooSlow, falseAlarms } = record;
  const notes = [
    ...falseAlarms.map(({ scenario, said }) => `FALSE ALARM ${scenario}: ${said}`),
    ...inconclusive.map((id) => `inconclusive ${id}`),
    ...tooSlow.map((id) => `too slow ${id}`),
  ];
  const rest = left.length === 0 ? 'nothing left' : `${left.length} left, about ${durationText(ms)}`;
  return [
    `${variant} run ${run} (${classes.length} classes): ${judged} judged in ${durationText(wallMs)}; ${rest}`,
    ...notes,
  ].join('\n  ');
};

/** So many runs may break off before the command gives up: then it is no accident. */
const MAX_BROKEN_RUNS = 5;

const playOne = async (plan: Plan, options: Options, next: Planned, signal: AbortSignal): Promise<RunRecord> => {
  const seed = `${next.variant.id}-${next.classes.length}-${next.run}${next.shards === 1 ? '' : `-of-${next.shards}`}`;
  const historyDir = options.histories === undefined ? undefined : join(options.histories, seed);
  const outcome = await runKit({ ...next, seed, ...(historyDir === undefined ? {} : { historyDir }) }, signal);
  const load = Math.round((loadavg()[0] ?? 0) * 10) / 10;
  const record = recordOf(outcome, { ...next, build: plan.build, burners: plan.burners, load, seed });
  appendRecord(options.results, record);
  return record;
};

/** Makes the runs that are missing. One that breaks off, or is cut short, stays missing: it is made another time. */
const playAll = async (plan: Plan, options: Options, signal: AbortSignal): Promise<void> => {
  const left = missingRuns(plan, readRecords(options.results));
  let broken = 0;
  const worker = async (): Promise<void> => {
    for (let next = left.shift(); next && !signal.aborted; next = left.shift()) {
      try {
        const record = await playOne(plan, options, next, signal);
        const records = readRecords(options.results).filter(({ build }) => build === plan.build);
        tell(progressOf(record, left, records, options.parallel));
      } catch (error) {
        if (!(error instanceof KitError)) throw error;
        if (signal.aborted) return;
        tell(`${error.message}\n${error.remedy}`);
        broken += 1;
        if (broken >= MAX_BROKEN_RUNS) left.length = 0;
      }
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: options.parallel }, worker));
  const failed = ended.find((one) => one.status === 'rejected');
  if (failed) throw failed.reason;
};

/** Prints the figures and every false alarm whole. Returns the exit code. */
const conclude = (plan: Plan, options: Options): number => {
  const records = readRecords(options.results);
  const missing = missingRuns(plan, records);
  process.stdout.write(`kit of build ${plan.build}, ${plan.burners} cores kept busy\n\n${tableOf(plan, records)}\n`);
  const rows = rowsOf(plan, records);
  const alarms = rows.flatMap(({ figures }) => figures.falseAlarms);
  for (const report of new Set(alarms.map((alarm) => alarm.report))) process.stdout.write(`${report}\n`);
  for (const { variant, run, scenario, said } of alarms) {
    process.stdout.write(`false alarm: ${variant}, run ${run}: ${scenario}: ${said}\n`);
  }
  const incomplete = tooLittleJudged(rows);
  if (missing.length > 0) incomplete.push(`${missing.length} runs are missing`);
  for (const line of incomplete) process.stdout.write(`${line}\n`);
  if (alarms.length > 0) return EXIT.falseAlarm;
  return incomplete.length > 0 ? EXIT.incomplete : EXIT.silent;
};

/** Published figures are never written by hand. */
const publish = (plan: Plan, { results }: Options): void => {
  // What was not measured anew keeps its figures.
  const published = { ...readPublished(), ...publishedOf(plan, readRecords(results)) };
  writeFileSync(publishedFile, `${JSON.stringify(published, null, 2)}\n`);
  writeFileSync(figuresFile, renewedFigures().after);
};

const main = async (): Promise<number> => {
  const options = readOptions();
  const plan = planFrom(options);
  if (options.publish) publish(plan, options);
  if (options.status || options.publish) return conclude(plan, options);
  refuseStale('variant', plan.variants);
  prepareResults(options.results);
  const controller = new AbortController();
  const interrupt = () => controller.abort();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt);
  const endBurners = startBurners(plan.burners);
  try {
    await playAll(plan, options, controller.signal);
  } finally {
    endBurners();
  }
  const code = conclude(plan, options);
  return controller.signal.aborted ? EXIT.interrupted : code;
};

try {
  process.exitCode = await main();
} catch (error) {
  // Whatever else goes wrong must not end with the code of a false alarm.
  const isUsage = error instanceof KitError;
  tell(isUsage ? `${error.message}\n${error.remedy}` : String((error as Error).stack ?? error));
  process.exitCode = isUsage ? EXIT.usage : EXIT.incomplete;
}
