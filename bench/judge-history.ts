import type { HistoryEvent } from '../schemas/index.js';
import { HistoryJudge } from '../src/history/index.js';
import { Simulation } from '../src/history/testing/simulated-history.js';

export interface JudgeBench {
  /** Judging (parse and feed) ÷ merely parsing the same lines: median of the rounds. */
  ratio: number;
  events: number;
  settledMessages: number;
  /** Heap and buffers kept by the judge at the end, by settled message; undefined without --expose-gc. */
  bytesPerSettledMessage: number | undefined;
  eventsPerSecond: number;
  parseMs: number;
  judgeMs: number;
}

const EVENTS = 1_000_000;
const ROUNDS = 5;

/** Lines of an ordinary history: 50 users, links that break now and then, bodies of 100 characters. */
const recordLines = (events: number): { lines: string[]; delivered: number } => {
  const lines: string[] = [];
  let delivered = 0;
  const simulation = new Simulation(
    // More than seven events make a message; what is over is cut.
    {
      seed: 7,
      users: 50,
      messages: Math.ceil(events / 7),
      faults: 0.002,
      kills: 0,
      defect: 'none',
      strikes: 0,
      bodyLength: 100,
      claims: [],
    },
    (event) => {
      if (lines.length < events) lines.push(JSON.stringify(event));
      if (event.kind === 'got' && event.packet.type === 'ack:A' && event.packet.status === 'ok') delivered += 1;
    },
  );
  simulation.run();
  return { lines, delivered };
};

/** So many lines are parsed, then judged, then the next: what else the machine does meets both alike. */
const STRETCH = 20_000;

const parseLines = (lines: readonly string[], from: number, to: number): number => {
  const start = performance.now();
  let sum = 0;
  for (let i = from; i < to; i += 1) sum += (JSON.parse(lines[i] as string) as HistoryEvent).kind.length;
  if (sum === 0) throw new Error('nothing was parsed');
  return performance.now() - start;
};

const judgeLines = (lines: readonly string[], from: number, to: number, judging: HistoryJudge): number => {
  const start = performance.now();
  for (let i = from; i < to; i += 1) judging.feed(JSON.parse(lines[i] as string) as HistoryEvent);
  return performance.now() - start;
};

/** One round over all lines: time to parse them, and time to parse and judge them. */
const measure = (lines: readonly string[]): { parseMs: number; judgeMs: number } => {
  const judging = new HistoryJudge();
  const total = { parseMs: 0, judgeMs: 0 };
  for (let from = 0; from < lines.length; from += STRETCH) {
    const to = Math.min(from + STRETCH, lines.length);
    total.parseMs += parseLines(lines, from, to);
    total.judgeMs += judgeLines(lines, from, to, judging);
  }
  const start = performance.now();
  judging.finish();
  total.judgeMs += performance.now() - start;
  return total;
};

const median = (numbers: number[]): number => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)] as number;

const kept = (): number | undefined => {
  const { gc } = globalThis;
  if (gc === undefined) return undefined;
  for (let i = 0; i < 4; i += 1) gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

/** Measures how fast a history of a million events is judged, and what a settled message costs in memory. */
export const benchJudge = async (events: number = EVENTS): Promise<JudgeBench> => {
  const { lines, delivered } = recordLines(events);
  const rounds: { parseMs: number; judgeMs: number }[] = [];
  // The first round warms up the compiler and is not counted.
  for (let round = 0; round <= ROUNDS; round += 1) {
    const times = measure(lines);
    if (round > 0) rounds.push(times);
  }
  const before = kept();
  const judging = new HistoryJudge();
  judgeLines(lines, 0, lines.length, judging);
  const after = kept();
  const { findings, exercised } = judging.finish();
  if (findings.length > 0) throw new Error(`the simulated history was judged broken: ${JSON.stringify(findings[0])}`);
  const settledMessages = Math.min(delivered, exercised['IM-3-1'] ?? 0);
  const parseMs = median(rounds.map((times) => times.parseMs));
  const judgeMs = median(rounds.map((times) => times.judgeMs));
  return {
    ratio: median(rounds.map((times) => times.judgeMs / times.parseMs)),
    events: lines.length,
    settledMessages,
    bytesPerSettledMessage:
      before === undefined || after === undefined ? undefined : (after - before) / settledMessages,
    eventsPerSecond: (lines.length / judgeMs) * 1000,
    parseMs,
    judgeMs,
  };
};
