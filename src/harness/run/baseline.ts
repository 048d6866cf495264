import type { ScenarioResult } from '../../../schemas/index.js';
import { matcher } from './selection.js';

/** One known failure: scenarios by id or glob, or a requirement. */
export interface BaselineEntry {
  /** As the file has it, without its comment. */
  text: string;
  /** Id or glob of scenarios, or id of a requirement. */
  names: string;
  isRequirement: boolean;
  /** It fails now and then: so often of so many times. */
  flaky?: { failed: number; played: number };
}

const ENTRY = /^(\S+)(?:\s+flaky\s+(\d+)\s+of\s+(\d+))?$/;
const REQUIREMENT = /^IM-[0-9.]+-[0-9]+$/;

/** Reads `NAME` or `NAME flaky K of N`; undefined for anything else. */
export const parseEntry = (text: string): BaselineEntry | undefined => {
  const [, names, failed, played] = ENTRY.exec(text.trim()) ?? [];
  if (names === undefined) return undefined;
  const entry = { text: text.trim(), names, isRequirement: REQUIREMENT.test(names) };
  if (failed === undefined) return entry;
  const flaky = { failed: Number(failed), played: Number(played) };
  return flaky.failed >= 1 && flaky.failed <= flaky.played ? { ...entry, flaky } : undefined;
};

/** How often a scenario was played in this run, and how often it failed. */
export const timesOf = ({ repetitions, verdict }: ScenarioResult): { failed: number; played: number } =>
  repetitions === undefined
    ? { played: 1, failed: verdict === 'failed' ? 1 : 0 }
    : { played: repetitions.played, failed: repetitions.failed.length };

/** That a flaky failure stays away by chance is less likely than that: then it is taken for mended. */
const BY_CHANCE = 0.01;

const isMended = ({ flaky }: BaselineEntry, results: readonly ScenarioResult[]): boolean => {
  if (flaky === undefined) return true;
  const played = results.reduce((sum, result) => sum + timesOf(result).played, 0);
  return (1 - flaky.failed / flaky.played) ** played < BY_CHANCE;
};

const breaks = (result: ScenarioResult, requirement: string): boolean =>
  [...result.violations, ...result.warnings].some((violation) => violation.requirement === requirement);

const UNDECIDED: ReadonlySet<ScenarioResult['verdict']> = new Set(['inconclusive', 'error', 'unproven']);

/** What is known to fail. */
export class Baseline {
  readonly entries: readonly BaselineEntry[];
  readonly #matchers: ReadonlyMap<BaselineEntry, (id: string) => boolean>;
  readonly #requirements: ReadonlySet<string>;

  constructor(entries: readonly BaselineEntry[]) {
    this.entries = entries;
    const scenarios = entries.filter(({ isRequirement }) => !isRequirement);
    this.#matchers = new Map(scenarios.map((entry) => [entry, matcher(entry.names)]));
    this.#requirements = new Set(entries.filter(({ isRequirement }) => isRequirement).map(({ names }) => names));
  }

  /** Whether an entry for scenarios means this one. */
  matches(entry: BaselineEntry, id: string): boolean {
    return this.#matchers.get(entry)?.(id) ?? false;
  }

  /** A failure is known where its scenario is named, or every requirement that broke in it: what else broke would be new. */
  knows({ id, verdict, violations }: ScenarioResult): boolean {
    if (verdict !== 'failed') return false;
    if (this.entries.some((entry) => this.matches(entry, id))) return true;
    return violations.length > 0 && violations.every(({ requirement }) => this.#requirements.has(requirement));
  }

  /**
   * Entries of which nothing fails any more. Nothing is said of an entry as long as a scenario that it means was left out
   * or could not be decided. `ids` are all scenarios of the kit for the role.
   */
  stale(results: readonly ScenarioResult[], ids: readonly string[]): BaselineEntry[] {
    const byId = new Map(results.map((result) => [result.id, result]));
    return this.entries.filter((entry) => {
      const meant = entry.isRequirement ? ids : ids.filter((id) => this.matches(entry, id));
      const played = meant.flatMap((id) => byId.get(id) ?? []);
      if (played.length < meant.length) return false;
      if (entry.isRequirement) return this.#isStaleRequirement(entry, played);
      const passed = played.filter(({ verdict }) => verdict === 'passed');
      const open = played.some(({ verdict }) => verdict === 'failed' || UNDECIDED.has(verdict));
      return passed.length > 0 && !open && isMended(entry, passed);
    });
  }

  #isStaleRequirement(entry: BaselineEntry, played: readonly ScenarioResult[]): boolean {
    const { names } = entry;
    const about = played.filter(
      ({ proves, exercised }) => proves.includes(names as never) || (exercised[names] ?? 0) > 0,
    );
    const exercised = about.filter((result) => (result.exercised[names] ?? 0) > 0);
    if (exercised.length === 0 || played.some((result) => breaks(result, names))) return false;
    return !about.some(({ verdict }) => UNDECIDED.has(verdict)) && isMended(entry, exercised);
  }
}

/** Entries that are not checked against what the kit knows, such as those of a report. */
export const baselineOf = (texts: readonly string[]): Baseline =>
  new Baseline(texts.flatMap((text) => parseEntry(text) ?? []));
