import type { Report, ScenarioResult } from '../../schemas/index.js';
import type { Setup } from './setups.js';

/** A scenario that failed. */
export interface RedCell {
  scenario: string;
  title: string;
  /** What broke first, by what a user loses. */
  requirement: string;
  message: string;
  /** Failed so many times… */
  failed: number;
  /** …of so many. */
  of: number;
  /** The command that runs only this. */
  replay: string;
  /** The history of a run in which it failed, below docs/; of each requirement that a row breaks, one is kept. */
  history?: string;
}

export interface ClassCell {
  class: string;
  judged: number;
  ofMust: number;
  passed: number;
  red: RedCell[];
  /** Why scenarios say nothing, and how many for that reason. */
  grey: { reason: string; scenarios: number }[];
}

/** What the runs of one setup came to. */
export interface Row {
  id: string;
  server: string;
  version: string;
  kit: string;
  date: string;
  protocol: string;
  exec?: string;
  key?: string;
  note?: string;
  control?: true;
  /** Only a part of the scenarios was chosen. */
  partial?: true;
  /** Of the scenarios that passed. */
  green: string[];
  classes: ClassCell[];
}

/** The worst first: what is named of a scenario that broke several. */
const WORST = ['IM-3-1', 'IM-3-2', 'IM-2-8', 'IM-3-6'];

const rank = (id: string): number => (WORST.includes(id) ? WORST.indexOf(id) : WORST.length);

const redOf = (result: ScenarioResult, again: ScenarioResult | undefined): RedCell => {
  const [worst] = [...result.violations].sort((one, other) => rank(one.requirement) - rank(other.requirement));
  const { played = 0, failed = [] } = again?.repetitions ?? {};
  return {
    scenario: result.id,
    title: result.title,
    requirement: worst?.requirement ?? '',
    // Ids and user names of one run are of no interest to a reader of the page.
    message: (worst?.message ?? '')
      .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'a message')
      .replace(/\.[0-9a-f]{9,}\b/g, ''),
    failed: 1 + failed.length,
    of: 1 + played,
    replay: result.replay,
  };
};

const GREY = new Set(['inconclusive', 'error', 'unproven', 'not-applicable']);

const greyOf = (results: readonly ScenarioResult[]): ClassCell['grey'] => {
  const reasons = new Map<string, number>();
  for (const { verdict, reason = verdict } of results) {
    if (!GREY.has(verdict)) continue;
    const told = verdict === 'not-applicable' ? reason : `${verdict}: ${reason}`;
    reasons.set(told, (reasons.get(told) ?? 0) + 1);
  }
  return [...reasons]
    .map(([reason, scenarios]) => ({ reason, scenarios }))
    .sort((one, other) => other.scenarios - one.scenarios || one.reason.localeCompare(other.reason));
};

/** `again`: what failed, played several times more; undefined where nothing failed. */
export const rowOf = (setup: Setup, version: string, report: Report, again: Report | undefined): Row => {
  const { id, server, protocol, key, note, control, only, classes } = setup;
  const exec = setup.arguments[setup.arguments.indexOf('--exec') + 1];
  const repeated = new Map(again?.scenarios.map((result) => [result.id, result]));
  const cells = classes.map((name): ClassCell => {
    const results = report.scenarios.filter((result) => result.class === name);
    const must = report.requirements.filter((one) => one.class === name && one.level === 'MUST');
    return {
      class: name,
      judged: must.filter(({ verdict }) => verdict === 'passed' || verdict === 'failed').length,
      ofMust: must.length,
      passed: results.filter(({ verdict }) => verdict === 'passed').length,
      red: results
        .filter(({ verdict }) => verdict === 'failed')
        .map((result) => redOf(result, repeated.get(result.id))),
      grey: greyOf(results),
    };
  });
  return {
    ...{ id, server, version, kit: report.kit.version, date: report.startedAt.slice(0, 10), protocol },
    ...(setup.arguments.includes('--exec') && exec !== undefined ? { exec } : {}),
    ...(key === undefined ? {} : { key }),
    ...(note === undefined ? {} : { note }),
    ...(control === undefined ? {} : { control }),
    ...(only === undefined ? {} : { partial: true as const }),
    green: report.scenarios.filter(({ verdict }) => verdict === 'passed').map((result) => result.id),
    classes: cells,
  };
};

/** The key with which the same server, spoken to over the same protocol, passed that scenario. Undefined: no run showed one. */
export const mendedBy = (row: Row, scenario: string, rows: readonly Row[]): string | undefined => {
  const base = (protocol: string): string => protocol.split('?')[0] ?? '';
  return rows.find(
    (other) =>
      other.key !== undefined &&
      other.key !== row.key &&
      other.server === row.server &&
      base(other.protocol) === base(row.protocol) &&
      other.green.includes(scenario),
  )?.key;
};
