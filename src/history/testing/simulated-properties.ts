import fc from 'fast-check';
import type { HistoryEvent, ServerClass } from '../../../schemas/index.js';
import { type Judgement, judge, Tracer, verdictOf } from '../index.js';
import { DEFECTS, type Defect } from './simulation-options.js';

export const CLAIMS: ServerClass[] = ['ordered', 'expiry', 'multi-device', 'flow-control', 'secured', 'observable'];
/** Defects that only a claimed class forbids. */
export const OF_CLAIMS: ReadonlySet<Defect> = new Set([
  'forgetsSeq',
  'countsSeqByPush',
  'pushesNewestFirst',
  'miscountsPushes',
  'miscountsAccepted',
]);

export const FAULTY = (Object.keys(DEFECTS) as Defect[]).filter((name) => name !== 'none');

export const claimsFor = (defect: Defect): ServerClass[] => (OF_CLAIMS.has(defect) ? CLAIMS : []);

/** A failure prints it: with it in FC_SEED the same runs are played again. */
export const SEED = Number(process.env.FC_SEED ?? Date.now() % 1_000_000);

/** Runs beyond this time are left out: a slow machine plays fewer. */
export const BOUNDED = { seed: SEED, interruptAfterTimeLimit: 2_500, markInterruptAsFailure: false } as const;

/** What to look at: the choices that were made, what was found, and the packets that led to it. */
export const tellFindings = (
  choices: unknown,
  events: readonly HistoryEvent[],
  { findings, undecided }: Judgement,
): string =>
  [
    JSON.stringify(choices),
    ...undecided.map(({ text }) => text),
    ...findings.slice(0, 2).flatMap((finding) => {
      const tracer = new Tracer(finding);
      for (const event of events) tracer.feed(event);
      return [`${finding.requirement} ${finding.message}: ${finding.where}`, ...tracer.lines()];
    }),
  ].join('\n');

export const RUN = {
  seed: fc.integer(),
  users: fc.integer({ min: 1, max: 6 }),
  messages: fc.integer({ min: 1, max: 60 }),
  faults: fc.constantFrom(0, 0.05, 0.3, 0.6),
  kills: fc.integer({ min: 0, max: 3 }),
};

/** What was found, without the words and the lines: those may change with names and neighbours. */
export const shape = (events: readonly HistoryEvent[], name = (id: string) => id): string[] => {
  const judgement = judge(events);
  const found = judgement.findings.map(
    ({ requirement, about }) =>
      `${requirement} ${about === undefined ? '' : `${name(about.from)} ${name(about.msgId)}`}`,
  );
  return [verdictOf(judgement), ...found.sort()];
};

/** Every id becomes another one: users, clients, msgId, serverMsgId, rid. */
export const renamed = (events: readonly HistoryEvent[], name: (id: string) => string): HistoryEvent[] => {
  const NAMES = new Set(['client', 'user', 'from', 'to', 'msgId', 'serverMsgId', 'rid']);
  const rename = (value: object): object =>
    Object.fromEntries(
      Object.entries(value).map(([key, inner]) => {
        if (NAMES.has(key) && typeof inner === 'string') return [key, name(inner)];
        return [key, key === 'packet' ? rename(inner as object) : inner];
      }),
    );
  return events.map((event) => (event.kind === 'history' ? event : (rename(event) as HistoryEvent)));
};
