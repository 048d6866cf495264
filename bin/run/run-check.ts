import {
  type Because,
  type HistoryHead,
  type Role,
  type ScenarioResult,
  SERVER_CLASSES,
  type SubjectClass,
  type Violation,
} from '../../schemas/index.js';
import { defined } from '../../src/defined.js';
import { EXIT } from '../../src/harness/options.js';
import {
  type Finding,
  HistoryJudge,
  type Judgement,
  readHistory,
  Tracer,
  tooSlowText,
} from '../../src/history/index.js';
import { type Ledger, loadLedger, requirementOf } from '../../src/ledger/index.js';
import { diagramOf, textDiagram } from '../../src/report/diagram/index.js';
import { inert, type Paint, paintFor } from '../../src/report/index.js';
import { failureLines, warningLines } from '../../src/report/pretty-failure.js';
import { count } from '../../src/report/words.js';
import { writeStdout } from './report-targets.js';

const WIDTH = 110;
/** Each trace is kept in memory while the file is read a second time. */
const MAX_TRACES = 50;

interface Checked {
  scenario: string;
  role: Role;
  class: SubjectClass;
  events: number;
  durationMs: number;
  stalledMs: number;
  judgement: Judgement;
}

/** The class that the id of the scenario names: `server/durable/kill`. A history of another origin is taken for core. */
const classOf = ({ scenario }: HistoryHead): SubjectClass => {
  const [, folder] = scenario.split('/');
  return SERVER_CLASSES.find((name) => name === folder) ?? 'core';
};

const judgeFile = (file: string): Checked => {
  const judging = new HistoryJudge();
  const checked: Omit<Checked, 'judgement'> = {
    scenario: '',
    role: 'server',
    class: 'core',
    events: 0,
    durationMs: 0,
    stalledMs: 0,
  };
  for (const event of readHistory(file)) {
    if (event.kind === 'history') {
      checked.scenario = event.scenario;
      checked.role = event.subject.role;
      checked.class = classOf(event);
    } else checked.durationMs = event.at;
    if (event.kind === 'end') checked.stalledMs = event.stalledMs ?? 0;
    checked.events += 1;
    judging.feed(event);
  }
  return { ...checked, judgement: judging.finish() };
};

/** Reads the file again for the packets concerned: one pass for all findings. */
const violationsOf = (file: string, findings: readonly Finding[], ledger: Ledger): Violation[] => {
  const tracers = findings.slice(0, MAX_TRACES).map((finding) => new Tracer(finding));
  if (tracers.length > 0) for (const event of readHistory(file)) for (const tracer of tracers) tracer.feed(event);
  return findings.map((raw, index) => {
    const { texts: _, ...finding } = tracers[index]?.finding() ?? raw;
    const { level, sentence } = requirementOf(ledger, finding.requirement);
    return {
      ...finding,
      level,
      sentence,
      // What a subject said must not steer the terminal.
      message: inert(finding.message),
      expected: inert(finding.expected),
      seen: inert(finding.seen),
      where: inert(finding.where),
      trace: (tracers[index]?.lines() ?? []).map(inert),
    };
  });
};

/** Why nothing can be concluded, for programs. Asked only where something is open. */
const becauseOf = ({ tooSlow, faultsNotFired: [unfired], undecided: [open] }: Judgement): Because => {
  if (tooSlow !== undefined) return { code: 'kit-stalled', ...tooSlow };
  if (unfired !== undefined) return { code: 'fault-not-fired', step: unfired.step, fault: unfired.fault };
  return { code: open?.code ?? 'not-settled' };
};

const resultOf = (file: string, checked: Checked, ledger: Ledger): ScenarioResult => {
  const { judgement, scenario, events, durationMs } = checked;
  const { tooSlow } = judgement;
  const violations = violationsOf(file, judgement.findings, ledger);
  const broken = violations.filter((violation) => violation.level === 'MUST');
  const slow = tooSlow === undefined ? [] : [tooSlowText(tooSlow)];
  const open = [
    ...slow,
    ...judgement.faultsNotFired.map(({ text }) => `never fired: ${text}`),
    ...judgement.undecided.map(({ text }) => text),
  ];
  return {
    id: inert(file),
    title: `${inert(scenario)}, ${count(events, 'event')}`,
    role: checked.role,
    class: checked.class,
    verdict: broken.length > 0 ? 'failed' : open.length > 0 ? 'inconclusive' : 'passed',
    durationMs,
    waitedMs: 0,
    stalledMs: checked.stalledMs,
    exclusive: false,
    proves: [],
    exercised: judgement.exercised,
    violations: broken,
    warnings: violations.filter((violation) => violation.level !== 'MUST'),
    seenIn: [],
    attempts: 1,
    knownFailure: false,
    replay: `im-conformance check ${file}`,
    ...defined({
      because: broken.length === 0 && open.length > 0 ? becauseOf(judgement) : undefined,
      reason: open.length > 0 ? inert(open.join('; ')) : undefined,
    }),
  };
};

/** What happened around the first finding, as a picture: a lifeline for each party, a cross where a packet was lost. */
const diagramLines = (file: string, { findings }: Judgement, paint: Paint): string[] => {
  const [first] = findings;
  if (first === undefined) return [];
  const diagram = diagramOf(readHistory(file), { violation: defined({ events: first.events, about: first.about }) });
  return ['', ...textDiagram(diagram, { paint })];
};

const linesOf = (result: ScenarioResult, paint: Paint): string[] => {
  const proven = Object.keys(result.exercised).length;
  const heading = `${paint('bold', result.id)}  ${result.title}`;
  const warnings = warningLines(result, paint, WIDTH);
  if (result.verdict === 'failed') return [...failureLines(result, paint, WIDTH), ...warnings];
  if (result.verdict === 'inconclusive') {
    return [`${paint('yellow', 'INCONCLUSIVE')} ${heading}`, `  ${result.reason ?? ''}`, ...warnings];
  }
  return [`${paint('green', 'PASSED')} ${heading}, ${count(proven, 'requirement')} exercised`, ...warnings];
};

/** The `check` command: judges each history. Returns the exit code; throws a usage KitError for a file that is none. */
export const runCheck = async (files: readonly string[]): Promise<number> => {
  const paint = paintFor({ isTTY: process.stdout.isTTY === true, env: process.env });
  const ledger = loadLedger();
  const verdicts = new Set<string>();
  const lines: string[] = [];
  try {
    for (const file of files) {
      const checked = judgeFile(file);
      const result = resultOf(file, checked, ledger);
      verdicts.add(result.verdict);
      lines.push(...linesOf(result, paint));
      if (result.verdict === 'failed') lines.push(...diagramLines(file, checked.judgement, paint));
    }
  } finally {
    // What was judged before a file that cannot be read is told all the same.
    if (lines.length > 0) await writeStdout(`${lines.join('\n')}\n`);
  }
  if (verdicts.has('failed')) return EXIT.nonconforming;
  return verdicts.has('inconclusive') ? EXIT.undecided : EXIT.conforms;
};
