import type { RequirementId } from '../../../../../schemas/index.js';
import { defined } from '../../../../defined.js';
import { ms } from '../../../terms/text.js';
import type { JudgeContext } from '../../judge.js';
import type { MetricsPage } from './open-metrics.js';
import type { Moment } from './series.js';
import type { SeriesName } from './tally.js';

/** Counters of the page, each with the requirement that it must agree with the count of the kit. */
export const COUNTERS: readonly [requirement: RequirementId, family: string, series: SeriesName][] = [
  ['IM-6-2', 'im_ran_messages_accepted', 'accepted'],
  ['IM-6-3', 'im_ran_messages_duplicate', 'duplicate'],
  ['IM-6-5', 'im_ran_pushes', 'pushes'],
  ['IM-6-6', 'im_ran_redeliveries', 'redeliveries'],
  ['IM-6-7', 'im_ran_acks', 'acks'],
  ['IM-6-8', 'im_ran_messages_stored', 'stored'],
  ['IM-6-9', 'im_ran_messages_delivered', 'delivered'],
  ['IM-6-10', 'im_ran_messages_expired', 'expired'],
];
export const REJECTED = 'im_ran_messages_rejected';
export const SECONDS = 'im_ran_delivery_seconds';
const OTHERS: readonly [requirement: RequirementId, family: string, type: string, sample: string | undefined][] = [
  ['IM-6-4', REJECTED, 'counter', undefined],
  ['IM-6-11', 'im_ran_connections', 'gauge', 'im_ran_connections'],
  ['IM-6-12', 'im_ran_messages_waiting', 'gauge', 'im_ran_messages_waiting'],
  ['IM-6-14', 'im_ran_messages_recovered', 'gauge', 'im_ran_messages_recovered'],
  ['IM-6-13', SECONDS, 'histogram', `${SECONDS}_count`],
];

export interface Read extends Moment {
  readonly line: number;
  /** How often the process had ended. */
  readonly life: number;
  readonly page: MetricsPage;
  /** How many pages were added up for it. */
  readonly nodes: number;
}

/** The pages of all nodes, added up. */
export const sumOf = (pages: readonly MetricsPage[]): MetricsPage => {
  const samples = new Map<string, number>();
  for (const page of pages)
    for (const [name, value] of page.samples) samples.set(name, (samples.get(name) ?? 0) + value);
  return { types: new Map(pages.flatMap(({ types }) => [...types])), samples };
};

/** A code that was never counted can be left out; every other sample that is missing is NaN. */
export const sampleOf = (read: Read, sample: string): number =>
  read.page.samples.get(sample) ?? (sample.startsWith(REJECTED) ? 0 : Number.NaN);

/** A fault of one page, or of two that do not agree; without any, of the page that is being read. */
export const reportPages = (
  { facts, findings }: JudgeContext,
  requirement: RequirementId,
  message: string,
  expected: string,
  seen: string,
  reads: readonly Read[],
  late = false,
): void => {
  const events = reads.length === 0 ? [facts.line] : reads.map((read) => read.line);
  const pages = (reads.length === 0 ? [facts.at] : reads.map((read) => read.at)).map(ms);
  const where = pages.length === 1 ? `on the page of ${pages[0]}` : `between the pages of ${pages.join(' and ')}`;
  findings.report({
    requirement,
    message,
    expected,
    seen,
    where,
    ...defined({ late: late || undefined }),
    events,
    about: undefined,
  });
};

/** Whether the page shows every family, each of its type, and its numbers fit together. */
export const judgePage = (context: JudgeContext, read: Read): boolean => {
  const { types, samples } = read.page;
  const families = [
    ...COUNTERS.map(([requirement, family]) => [requirement, family, 'counter', `${family}_total`] as const),
    ...OTHERS,
  ];
  let whole = true;
  for (const [requirement, family, type, sample] of families) {
    if (sample !== undefined && !samples.has(sample)) {
      reportPages(
        context,
        requirement,
        `the metrics page does not show ${sample}`,
        `${sample}, with 0 when nothing was counted`,
        'no such sample',
        [read],
      );
      whole = false;
    } else if (types.has(family) && types.get(family) !== type) {
      reportPages(context, 'IM-6-1', `${family} has the wrong type`, type, types.get(family) ?? '', [read]);
    }
  }
  if (!whole) return false;
  judgeHistogram(context, read);
  judgeBalance(context, read);
  return true;
};

const judgeHistogram = (context: JudgeContext, read: Read): void => {
  const { samples } = read.page;
  const buckets = [...samples].flatMap(([name, value]) => {
    const bound = /_bucket\{le="(.*)"\}$/.exec(name.startsWith(SECONDS) ? name : '')?.[1];
    return bound === undefined ? [] : [{ bound: Number(bound), value }];
  });
  buckets.sort((a, b) => a.bound - b.bound);
  const count = sampleOf(read, `${SECONDS}_count`);
  const problem = (expected: string, seen: string) =>
    reportPages(context, 'IM-6-13', `${SECONDS} does not fit together`, expected, seen, [read]);
  const falling = buckets.findIndex((bucket, i) => i > 0 && bucket.value < (buckets[i - 1]?.value ?? 0));
  if (falling > 0)
    problem('buckets that hold those below them', `bucket ${buckets[falling]?.bound} holds less than the one below`);
  else if (buckets.at(-1)?.bound !== Number.POSITIVE_INFINITY) problem('a bucket +Inf', 'none');
  else if (buckets.at(-1)?.value !== count) problem(`${count} in the bucket +Inf`, `${buckets.at(-1)?.value}`);
  else if (count !== sampleOf(read, 'im_ran_messages_delivered_total')) {
    problem(`a count of ${sampleOf(read, 'im_ran_messages_delivered_total')}, as many as were delivered`, `${count}`);
  }
};

const judgeBalance = (context: JudgeContext, read: Read): void => {
  const value = (name: string) => sampleOf(read, `im_ran_messages_${name}`);
  const left = value('recovered') + value('accepted_total');
  const right = value('delivered_total') + value('expired_total') + value('waiting');
  if (left === right) {
    context.findings.exercise('IM-6-14');
    return;
  }
  const seen = `recovered ${value('recovered')} + accepted ${value('accepted_total')} = ${left}, but delivered ${value('delivered_total')} + expired ${value('expired_total')} + waiting ${value('waiting')} = ${right}`;
  reportPages(
    context,
    'IM-6-14',
    'the balance of the metrics page does not close',
    'recovered + accepted = delivered + expired + waiting',
    seen,
    [read],
  );
};
