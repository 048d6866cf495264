import type { HistoryEventOf, RequirementId } from '../../schemas/index.js';
import { type MetricsPage, parseOpenMetrics } from './open-metrics.js';
import type { Moment, Range, SeriesName, Tally } from './tally.js';
import { ms, type World } from './world.js';

/** A longer page was cut by the kit: what it says cannot be judged. */
const MAX_TEXT = 262_144;

const COUNTERS: readonly [requirement: RequirementId, family: string, series: SeriesName][] = [
  ['IM-6-2', 'im_ran_messages_accepted', 'accepted'],
  ['IM-6-3', 'im_ran_messages_duplicate', 'duplicate'],
  ['IM-6-5', 'im_ran_pushes', 'pushes'],
  ['IM-6-6', 'im_ran_redeliveries', 'redeliveries'],
  ['IM-6-7', 'im_ran_acks', 'acks'],
  ['IM-6-8', 'im_ran_messages_stored', 'stored'],
  ['IM-6-9', 'im_ran_messages_delivered', 'delivered'],
  ['IM-6-10', 'im_ran_messages_expired', 'expired'],
];
const REJECTED = 'im_ran_messages_rejected';
const SECONDS = 'im_ran_delivery_seconds';
const OTHERS: readonly [requirement: RequirementId, family: string, type: string, sample: string | undefined][] = [
  ['IM-6-4', REJECTED, 'counter', undefined],
  ['IM-6-11', 'im_ran_connections', 'gauge', 'im_ran_connections'],
  ['IM-6-12', 'im_ran_messages_waiting', 'gauge', 'im_ran_messages_waiting'],
  ['IM-6-14', 'im_ran_messages_recovered', 'gauge', 'im_ran_messages_recovered'],
  ['IM-6-13', SECONDS, 'histogram', `${SECONDS}_count`],
];
/** Times are rounded to milliseconds on both sides. */
const ROUNDING_S = 0.002;
/** Sums of many times are not exact. */
const EPSILON_S = 1e-6;

interface Read extends Moment {
  readonly line: number;
  /** How often the process had ended. */
  readonly life: number;
  readonly page: MetricsPage;
}

/** Class `observable`: what the pages say against what the kit counted (IM-6-1 to IM-6-14). */
export class Metrics {
  readonly #world: World;
  readonly #tally: Tally;
  readonly #reads: Read[] = [];

  constructor(world: World, tally: Tally) {
    this.#world = world;
    this.#tally = tally;
  }

  read(event: HistoryEventOf<'metrics'>): void {
    const world = this.#world;
    this.#tally.keeping = true;
    if (event.text !== undefined && event.text.length >= MAX_TEXT) {
      world.book.leaveOpen('page-not-judged', 'the metrics page is too long to be judged');
      return;
    }
    const page = this.#pageOf(event);
    if (page === undefined) return;
    world.book.exercise('IM-6-1');
    const { askedAt, at } = event;
    this.#reads.push({ askedAt, at, line: world.line, life: world.ends.length, page });
  }

  #pageOf({ askedAt, at, status, contentType, text, error }: HistoryEventOf<'metrics'>): MetricsPage | undefined {
    const { book, down, boundMs } = this.#world;
    if (status === undefined && down) {
      book.leaveOpen('page-not-judged', 'the metrics page was asked for while the server was down');
      return undefined;
    }
    const report = (seen: string, late = false) =>
      this.#report('IM-6-1', 'the metrics page is not as it must be', 'an OpenMetrics text page', seen, [], late);
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

  /** At the end: each page for itself, then each one against the one before. */
  finish(): void {
    if (this.#reads.length === 0) return;
    this.#tally.close();
    for (const [i, read] of this.#reads.entries()) {
      const before = this.#reads[i - 1];
      const whole = this.#judgePage(read);
      if (before === undefined) continue;
      if (before.life === read.life) this.#compare(before, read);
      else if (before.life + 1 === read.life && whole) this.#judgeRecovered(before, read);
    }
  }

  /** Whether the page shows every family, each of its type, and its numbers fit together. */
  #judgePage(read: Read): boolean {
    const { types, samples } = read.page;
    const families = [
      ...COUNTERS.map(([requirement, family]) => [requirement, family, 'counter', `${family}_total`] as const),
      ...OTHERS,
    ];
    let whole = true;
    for (const [requirement, family, type, sample] of families) {
      if (sample !== undefined && !samples.has(sample)) {
        this.#report(
          requirement,
          `the metrics page does not show ${sample}`,
          `${sample}, with 0 when nothing was counted`,
          'no such sample',
          [read],
        );
        whole = false;
      } else if (types.has(family) && types.get(family) !== type) {
        this.#report('IM-6-1', `${family} has the wrong type`, type, types.get(family) ?? '', [read]);
      }
    }
    if (!whole) return false;
    this.#judgeHistogram(read);
    this.#judgeBalance(read);
    return true;
  }

  #judgeHistogram(read: Read): void {
    const { samples } = read.page;
    const buckets = [...samples].flatMap(([name, value]) => {
      const bound = /_bucket\{le="(.*)"\}$/.exec(name.startsWith(SECONDS) ? name : '')?.[1];
      return bound === undefined ? [] : [{ bound: Number(bound), value }];
    });
    buckets.sort((a, b) => a.bound - b.bound);
    const count = sampleOf(read, `${SECONDS}_count`);
    const problem = (expected: string, seen: string) =>
      this.#report('IM-6-13', `${SECONDS} does not fit together`, expected, seen, [read]);
    const falling = buckets.findIndex((bucket, i) => i > 0 && bucket.value < (buckets[i - 1]?.value ?? 0));
    if (falling > 0)
      problem('buckets that hold those below them', `bucket ${buckets[falling]?.bound} holds less than the one below`);
    else if (buckets.at(-1)?.bound !== Number.POSITIVE_INFINITY) problem('a bucket +Inf', 'none');
    else if (buckets.at(-1)?.value !== count) problem(`${count} in the bucket +Inf`, `${buckets.at(-1)?.value}`);
    else if (count !== sampleOf(read, 'im_ran_messages_delivered_total')) {
      problem(`a count of ${sampleOf(read, 'im_ran_messages_delivered_total')}, as many as were delivered`, `${count}`);
    }
  }

  #judgeBalance(read: Read): void {
    const value = (name: string) => sampleOf(read, `im_ran_messages_${name}`);
    const left = value('recovered') + value('accepted_total');
    const right = value('delivered_total') + value('expired_total') + value('waiting');
    if (left === right) {
      this.#world.book.exercise('IM-6-14');
      return;
    }
    const seen = `recovered ${value('recovered')} + accepted ${value('accepted_total')} = ${left}, but delivered ${value('delivered_total')} + expired ${value('expired_total')} + waiting ${value('waiting')} = ${right}`;
    this.#report(
      'IM-6-14',
      'the balance of the metrics page does not close',
      'recovered + accepted = delivered + expired + waiting',
      seen,
      [read],
    );
  }

  /** Two pages of one process. */
  #compare(before: Read, read: Read): void {
    const tally = this.#tally;
    const between = (name: SeriesName) => tally.between(name, before, read);
    for (const [requirement, family, series] of COUNTERS) {
      if (this.#world.clockMoved && (series === 'expired' || series === 'delivered')) continue;
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
    if (this.#world.clockMoved) return;
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
        this.#world.book.exercise(requirement);
      return;
    }
    const told = (value: number) => String(Math.round(value * 1000) / 1000);
    const expected = range.low === range.high ? told(range.low) : `${told(range.low)} to ${told(range.high)}`;
    const what = counter ? 'more' : 'of difference';
    this.#report(
      requirement,
      `${sample} does not agree with what the kit counted`,
      `${expected} ${what} than on the page of ${ms(before.at)}`,
      `${told(old)} then, ${told(now)} at ${ms(read.at)}: ${told(delta)} ${what}`,
      [before, read],
    );
  }

  /** The first page after a restart against the last one before it. */
  #judgeRecovered(before: Read, read: Read): void {
    const world = this.#world;
    const end = world.ends[before.life];
    if (end === undefined || world.clockMoved || !world.classes.has('durable')) return;
    // What was answered before the end had been committed, whether or not a page would have shown it yet.
    const until = { askedAt: end.at + world.timers.answerWithinMs, at: read.askedAt };
    const between = (name: SeriesName) => this.#tally.between(name, before, until);
    const change = minus(minus(between('accepted'), between('delivered')), between('expired'));
    const waited = sampleOf(before, 'im_ran_messages_waiting');
    const recovered = sampleOf(read, 'im_ran_messages_recovered');
    if (recovered >= waited + change.low && recovered <= waited + change.high) {
      world.book.exercise('IM-6-14');
      return;
    }
    const expected =
      change.low === change.high ? `${waited + change.low}` : `${waited + change.low} to ${waited + change.high}`;
    this.#report(
      'IM-6-14',
      'im_ran_messages_recovered does not agree with what waited before the restart',
      expected,
      `${recovered}`,
      [before, read],
    );
  }

  #report(
    requirement: RequirementId,
    message: string,
    expected: string,
    seen: string,
    reads: Read[],
    late = false,
  ): void {
    const { at, book, line } = this.#world;
    const events = reads.length === 0 ? [line] : reads.map((read) => read.line);
    const pages = (reads.length === 0 ? [at] : reads.map((read) => read.at)).map(ms);
    const where = pages.length === 1 ? `on the page of ${pages[0]}` : `between the pages of ${pages.join(' and ')}`;
    book.report({ requirement, message, expected, seen, where, ...(late ? { late } : {}), events, about: undefined });
  }
}

const minus = (one: Range, other: Range): Range => ({ low: one.low - other.high, high: one.high - other.low });

/** A code that was never counted can be left out; every other sample that is missing is NaN. */
const sampleOf = (read: Read, sample: string): number =>
  read.page.samples.get(sample) ?? (sample.startsWith(REJECTED) ? 0 : Number.NaN);
