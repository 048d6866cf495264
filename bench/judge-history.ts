import type { HistoryEvent } from '../schemas/index.js';
import { HistoryJudge } from '../src/history/index.js';
import { Simulation } from './simulated-history.js';

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
      bodyLength: 100,
    },
    (event) => {
      if (lines.length < events) lines.push(JSON.stringify(event));
      if (event.kind === 'got' && event.packet.type === 'ack:A' && event.packet.status === 'ok') delivered += 1;
    },
  );
  simulation.run();
  return { lines, delivered };
};

const parseAll = (lines: readonly string[]): number => {
  const start = performance.now();
  let sum = 0;
  for (const line of lines) sum += (JSON.parse(line) as HistoryEvent).kind.length;
  if (sum === 0) throw new Error('nothing was parsed');
  return performance.now() - start;
};

const judgeAll = (lines: readonly string[], judging: HistoryJudge): number => {
  const start = performance.now();
  for (const line of lines) judging.feed(JSON.parse(line) as HistoryEvent);
  return performance.now() - start;
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
export async function benchJudge(events: number = EVENTS): Promise<JudgeBench> {
  const { lines, delivered } = recordLines(events);
  const parsed: number[] = [];
  const judged: number[] = [];
  // The first round of each warms up the compiler and is not counted.
  for (let round = 0; round <= ROUNDS; round += 1) {
    const parseMs = parseAll(lines);
    const judgeMs = judgeAll(lines, new HistoryJudge());
    if (round === 0) continue;
    parsed.push(parseMs);
    judged.push(judgeMs);
  }
  const before = kept();
  const judging = new HistoryJudge();
  judgeAll(lines, judging);
  const after = kept();
  const { findings, exercised } = judging.finish();
  if (findings.length > 0) throw new Error(`the simulated history was judged broken: ${JSON.stringify(findings[0])}`);
  const settledMessages = Math.min(delivered, exercised['IM-3-1'] ?? 0);
  const parseMs = median(parsed);
  const judgeMs = median(judged);
  return {
    ratio: judgeMs / parseMs,
    events: lines.length,
    settledMessages,
    bytesPerSettledMessage:
      before === undefined || after === undefined ? undefined : (after - before) / settledMessages,
    eventsPerSecond: (lines.length / judgeMs) * 1000,
    parseMs,
    judgeMs,
  };
}
