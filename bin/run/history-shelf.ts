import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HistoryEvent, Report, ScenarioResult } from '../../schemas/index.js';
import { readHistory } from '../../src/history/index.js';

/** So many events of failures stay in memory: a server that fails everything must not fill it. */
const MAX_EVENTS = 300_000;

const keyOf = ({ id, repetitions }: Pick<ScenarioResult, 'id' | 'repetitions'>): string =>
  `${id}~${repetitions?.shown ?? 1}`;

/**
 * The histories that reports draw from: those of failures are held in memory, and where a page shows all of them and
 * the caller keeps none, the run writes them into a folder that is removed in the end.
 */
export class HistoryShelf {
  readonly #held = new Map<string, readonly HistoryEvent[]>();
  readonly #wanted: ReadonlySet<string>;
  #events = 0;
  #folder: string | undefined;

  /** The histories of these scenarios are held even if nothing fails in them. */
  constructor(wanted: readonly string[] = []) {
    this.#wanted = new Set(wanted);
  }

  /** A folder for all histories, where the caller has none. */
  folder(): string {
    if (this.#folder === undefined) {
      const folder = mkdtempSync(join(tmpdir(), 'im-conformance-'));
      this.#folder = folder;
      process.once('exit', this.remove);
    }
    return this.#folder;
  }

  /** Removes that folder. It goes with the process, too. */
  readonly remove = (): void => {
    process.off('exit', this.remove);
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
  };

  /** Only the newest attempt counts. */
  keep(result: ScenarioResult, events: readonly HistoryEvent[] | undefined): void {
    const key = keyOf(result);
    this.#events -= this.#held.get(key)?.length ?? 0;
    this.#held.delete(key);
    if (events === undefined || (result.verdict !== 'failed' && !this.#wanted.has(result.id))) return;
    if (this.#events + events.length > MAX_EVENTS) return;
    this.#held.set(key, events);
    this.#events += events.length;
  }

  /** Finds the history of a scenario of this report. */
  finder({ scenarios }: Report): (id: string) => Iterable<HistoryEvent> | undefined {
    const results = new Map(scenarios.map((result) => [result.id, result]));
    return (id) => {
      const result = results.get(id);
      if (result === undefined) return undefined;
      return this.#held.get(keyOf(result)) ?? (result.history === undefined ? undefined : readHistory(result.history));
    };
  }

  /** The same of one result. */
  publishedResult(result: ScenarioResult): ScenarioResult {
    if (this.#folder === undefined) return result;
    const { history: _, firstAttempt, ...published } = result;
    if (firstAttempt === undefined) return published;
    const { history: __, ...first } = firstAttempt;
    return { ...published, firstAttempt: first };
  }

  /** The report without the names of files that are removed in the end. */
  published(report: Report): Report {
    if (this.#folder === undefined) return report;
    return { ...report, scenarios: report.scenarios.map((result) => this.publishedResult(result)) };
  }
}
