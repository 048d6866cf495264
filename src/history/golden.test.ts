import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { HistoryEvent } from '../../schemas/index.js';
import { packageRoot } from '../package-root.js';
import { type Finding, type Judgement, judge, readHistory, Tracer, verdictOf } from './index.js';

const GOLDEN = join(packageRoot, 'conformance', 'histories');
const VERDICT_OF: Record<string, string> = { good: 'passed', bad: 'failed', undecided: 'inconclusive' };

/** What must come of a golden history: the README beside them explains each member. */
interface Expected {
  verdict: string;
  violations: {
    requirement: string;
    from?: string;
    msgId?: string;
    late?: true;
    events: number[];
    message: string;
    where: string;
  }[];
  /** Requirements that seem broken, but the kit stood still. */
  tooSlow?: string[];
  undecided?: string[];
  /** Requirements that must be among those exercised. */
  exercised?: string[];
}

const names = readdirSync(GOLDEN)
  .filter((file) => file.endsWith('.ndjson'))
  .map((file) => file.replace(/\.ndjson$/, ''));

const tracerOf = (events: readonly HistoryEvent[], finding: Finding): Tracer => {
  const tracer = new Tracer(finding);
  for (const event of events) tracer.feed(event);
  return tracer;
};

const expectedOf = (judgement: Judgement, exercised: string[] | undefined): Expected => {
  const undecided = [...judgement.faultsNotFired, ...judgement.undecided].map(({ text }) => text);
  return {
    verdict: verdictOf(judgement),
    violations: judgement.findings.map(({ requirement, about, late, events, message, where }) => ({
      requirement,
      ...(about === undefined ? {} : about),
      ...(late === true ? { late } : {}),
      events,
      message,
      where,
    })),
    ...(judgement.tooSlow === undefined ? {} : { tooSlow: judgement.tooSlow.requirements }),
    ...(undecided.length === 0 ? {} : { undecided }),
    ...(exercised === undefined ? {} : { exercised }),
  };
};

const told = new Map<string, Set<string>>([
  ['good', new Set()],
  ['bad', new Set()],
]);

for (const name of names) {
  t.test(`golden history ${name}`, (t) => {
    const path = join(GOLDEN, `${name}.expected.json`);
    const expected = JSON.parse(readFileSync(path, 'utf8')) as Expected;
    const [kind = ''] = name.split('-');
    const events = [...readHistory(join(GOLDEN, `${name}.ndjson`))];
    const judgement = judge(events);
    const { findings, exercised } = judgement;
    const came = expectedOf(judgement, expected.exercised);
    // `tap --snapshot` writes the expectations anew; the difference is then read before it is committed.
    if (process.env.TAP_SNAPSHOT === '1') writeFileSync(path, `${JSON.stringify(came, null, 2)}\n`);
    t.equal(came.verdict, VERDICT_OF[kind], JSON.stringify(came, null, 2));
    t.same(came, JSON.parse(readFileSync(path, 'utf8')), 'verdict, violations and vanish points');
    for (const id of expected.exercised ?? []) t.ok(exercised[id], `${id} is exercised`);
    for (const id of kind === 'bad' ? findings.map((finding) => finding.requirement) : Object.keys(exercised))
      told.get(kind)?.add(id);
    for (const finding of findings) {
      const trace = tracerOf(events, finding).lines();
      t.ok(trace.length > 0 && trace.length <= 40, 'the finding has a trace');
      t.not(finding.where, '', 'the finding tells the place');
      t.ok(
        finding.events.every((line) => Number.isInteger(line) && events[line] !== undefined),
        'the finding names lines of the history',
      );
    }
    t.end();
  });
}

/** Requirements that the text of a judge names otherwise than as put to the test. */
const reported = (): string[] => {
  const folder = join(packageRoot, 'src', 'history');
  const ids = readdirSync(folder, { encoding: 'utf8', recursive: true })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .flatMap((file) => {
      const text = readFileSync(join(folder, file), 'utf8').replace(/exercise\((?:[^()]|\([^()]*\))*\)/g, '');
      return [...text.matchAll(/'(IM-[0-9.]+-\d+)'/g)].map(([, id]) => id as string);
    });
  return [...new Set(ids)].sort();
};

t.test('each requirement that a judge can report has a history that breaks it, and one that only nearly does', (t) => {
  const ids = reported();
  t.ok(ids.length > 60, `${ids.length} requirements`);
  t.same(
    ids.filter((id) => !told.get('bad')?.has(id)),
    [],
    'no bad history',
  );
  t.same(
    ids.filter((id) => !told.get('good')?.has(id)),
    [],
    'no good history',
  );
  t.end();
});

t.test('a long trace keeps its beginning, its end and what the finding names', (t) => {
  const events: HistoryEvent[] = [...readHistory(join(GOLDEN, 'bad-push-after-ack.ndjson'))];
  const push = events.findIndex((event) => event.kind === 'got' && event.packet.type === 'msg:N');
  const repeated = Array.from({ length: 200 }, () => events[push] as HistoryEvent);
  const longer = [...events.slice(0, push), ...repeated, ...events.slice(push)];
  const [finding] = judge(longer).findings;
  if (finding === undefined) throw new Error('nothing was found');
  const trace = tracerOf(longer, finding).lines();
  t.ok(trace.length <= 40);
  t.match(
    trace.join('\n'),
    /alice#1 → server {2}msg:R m-1 to bob[\s\S]*… \d+ more[\s\S]*ack:A ok[\s\S]*server → bob#2 {2}msg:N/,
  );
  t.end();
});
