import type { HistoryEventOf, RequirementId } from '../../../../../schemas/index.js';
import type { Facts } from '../../../facts/facts.js';
import { ms } from '../../../terms/text.js';
import type { Findings } from '../../findings.js';
import type { Judge, JudgeContext } from '../../judge.js';
import { type MetricsPage, parseOpenMetrics } from './open-metrics.js';
import { COUNTERS, judgePage, REJECTED, type Read, reportPages, SECONDS, sampleOf, sumOf } from './pages.js';
import type { Range } from './series.js';
import type { SeriesName, Tally } from './tally.js';

/** A longer page was cut by the kit: what it says cannot be judged. */
const MAX_TEXT = 262_144;
/** Times are rounded to milliseconds on both sides. */
const ROUNDING_S = 0.002;
/** Sums of many times are not exact. */
const EPSILON_S = 1e-6;

/** Judges what the pages say against what the kit counted: IM-6-1 to IM-6-14. */
export class MetricsJudge implements Judge {
  readonly #context: JudgeContext;
  readonly #facts: Facts;
  readonly #findings: Findings;
  readonly #tally: Tally;
  readonly #reads: Read[] = [];
  /** Pages of the first nodes, of which the last ones are still to come. */
  #pages: MetricsPage[] = [];

  constructor(context: JudgeContext, tally: Tally) {
    this.#context = context;
    this.#facts = context.facts;
    this.#findings = context.findings;
    this.#tally = tally;
  }

  onMetrics(event: HistoryEventOf<'metrics'>): void {
    const facts = this.#facts;
    this.#tally.keeping = true;
    if (event.text !== undefined && event.text.length >= MAX_TEXT) {
      this.#findings.leaveOpen('page-not-judged', 'the metrics page is too long to be judged');
      return;
    }
    const { askedAt, at, node = 1, of = 1 } = event;
    // A page that is missing belongs to this reading alone.
    if (node === 1) this.#pages = [];
    const page = this.#pageOf(event);
    if (page === undefined) return;
    this.#findings.exercise('IM-6-1');
    this.#pages.push(page);
    if (node < of || this.#pages.length !== of) return;
    this.#reads.push({ askedAt, at, line: facts.line, life: facts.ends.length, page: sumOf(this.#pages), nodes: of });
  }

  #pageOf({ askedAt, at, status, contentType, text, error }: HistoryEventOf<'metrics'>): MetricsPage | undefined {
    const { down, boundMs } = this.#facts;
    if (status === undefined && down) {
      this.#findings.leaveOpen('page-not-judged', 'the metrics page was asked for while the server was down');
      return undefined;
    }
    const report = (seen: string, late = false) =>
      reportPages(
        this.#context,
        'IM-6-1',
        'the metrics page is not as it must be',
        'an OpenMetrics text page',
        seen,
        [],
        late,
      );
    if (status !== 200 || text === undefined) {
      report(status === undefined || status === 200 ? (error ?? 'no page') : `HTTP ${status}`, at - askedAt >= boundMs);
      return undefined;
    }
    if (contentType !== undefined && !/^application\/openmetrics-text\b/i.test(contentType.trim())) {
      report(`Content-Type ${contentType}`);
      return undefined;
    }
    const page = parseOpenMetrics(text);
    if (typeof page === 'string') {
      report(page);
      return undefined;
    }
    return page;
  }

  /** At the end: each page against the one before, and for itself. */
  onEnd(): void {
    if (this.#reads.length === 0) return;
    this.#tally.close();
    for (const [i, read] of this.#reads.entries()) {
      const before = this.#reads[i - 1];
      // A number that was counted wrongly comes before the sums that are wrong with it.
      if (before?.life === read.life) this.#compare(before, read);
      const whole = judgePage(this.#context, read);
      if (before !== undefined && before.life + 1 === read.life && whole) this.#judgeRecovered(before, read);
    }
  }

  /** Two pages of one process. */
  #compare(before: Read, read: Read): void {
    const tally = this.#tally;
    const between = (name: SeriesName) => tally.between(name, before, read);
    for (const [requirement, family, series] of COUNTERS) {
      if (this.#facts.faults.clockMoved && (series === 'expired' || series === 'delivered')) continue;
      this.#judgeDelta(requirement, `${family}_total`, between(series), before, read, true);
    }
    const codes = [...before.page.samples.keys(), ...read.page.samples.keys()].flatMap(
      (name) => /^im_ran_messages_rejected_total\{code="(.*)"\}$/.exec(name)?.[1] ?? [],
    );
    for (const code of new Set([...codes, ...tally.rejected.keys()])) {
      const range = tally.rejectedBetween(code, before, read);
      this.#judgeDelta('IM-6-4', `${REJECTED}_total{code="${code}"}`, range, before, read, true);
    }
    this.#judgeDelta('IM-6-11', 'im_ran_connections', minus(between('opened'), between('closed')), before, read, false);
    const recovered = { low: 0, high: 0 };
    this.#judgeDelta('IM-6-14', 'im_ran_messages_recovered', recovered, before, read, false);
    if (this.#facts.faults.clockMoved) return;
    const waiting = minus(minus(between('accepted'), between('delivered')), between('expired'));
    this.#judgeDelta('IM-6-12', 'im_ran_messages_waiting', waiting, before, read, false);
    this.#judgeDelta('IM-6-13', `${SECONDS}_count`, between('delivered'), before, read, true);
    this.#judgeSum(before, read);
  }

  #judgeSum(before: Read, read: Read): void {
    const { count, size } = this.#tally.series.delivered.between(before, read);
    if (count.low !== count.high) return;
    const slack = ROUNDING_S * (count.high + 1);
    const range = { low: Math.max(0, size.low - slack) - EPSILON_S, high: size.high + slack };
    this.#judgeDelta('IM-6-13', `${SECONDS}_sum`, range, before, read, true);
  }

  #judgeDelta(
    requirement: RequirementId,
    sample: string,
    range: Range,
    before: Read,
    read: Read,
    counter: boolean,
  ): void {
    const [old, now] = [sampleOf(before, sample), sampleOf(read, sample)];
    // A sample that is missing has been reported; only codes may be.
    if (Number.isNaN(old) || Number.isNaN(now)) return;
    const delta = now - old;
    if (delta >= range.low && delta <= range.high) {
      if (range.low > 0 || (range.low === range.high && !sample.startsWith(REJECTED)))
        this.#findings.exercise(ruleOf(read, requirement));
      return;
    }
    const told = (value: number) => String(Math.round(value * 1000) / 1000);
    const expected = range.low === range.high ? told(range.low) : `${told(range.low)} to ${told(range.high)}`;
    const what = counter ? 'more' : 'of difference';
    reportPages(
      this.#context,
      ruleOf(read, requirement),
      `${sample}${read.nodes === 1 ? '' : ' of all nodes together'} does not agree with what the kit counted`,
      `${expected} ${what} than on the page of ${ms(before.at)}`,
      `${told(old)} then, ${told(now)} at ${ms(read.at)}: ${told(delta)} ${what}`,
      [before, read],
    );
  }

  /** The first page after a restart against the last one before it. */
  #judgeRecovered(before: Read, read: Read): void {
    const facts = this.#facts;
    const end = facts.ends[before.life];
    if (end === undefined || facts.faults.clockMoved || !facts.policies.survivesRestart) return;
    // What was answered before the end had been committed, whether or not a page would have shown it yet.
    const until = { askedAt: end.at + facts.timers.answerWithinMs, at: read.askedAt };
    const between = (name: SeriesName) => this.#tally.between(name, before, until);
    const change = minus(minus(between('accepted'), between('delivered')), between('expired'));
    const waited = sampleOf(before, 'im_ran_messages_waiting');
    const recovered = sampleOf(read, 'im_ran_messages_recovered');
    if (recovered >= waited + change.low && recovered <= waited + change.high) {
      this.#findings.exercise('IM-6-14');
      return;
    }
    const expected =
      change.low === change.high ? `${waited + change.low}` : `${waited + change.low} to ${waited + change.high}`;
    reportPages(
      this.#context,
      'IM-6-14',
      'im_ran_messages_recovered does not agree with what waited before the restart',
      expected,
      `${recovered}`,
      [before, read],
    );
  }
}

/** The pages of several nodes are added up: what is wrong with their sum was not counted on exactly one of them. */
const ruleOf = ({ nodes }: Read, requirement: RequirementId): RequirementId =>
  nodes === 1 ? requirement : 'IM-4.2-73';

const minus = (one: Range, other: Range): Range => ({ low: one.low - other.high, high: one.high - other.low });
