import xmlbuilder from 'xmlbuilder';
import type { Report, ScenarioResult, Violation } from '../../schemas/index.js';
import { defined } from '../defined.js';
import { inertReport } from './inert.js';
import { isFlaky, outcomeOf } from './outcome.js';
import { bugLink, cut, firstAttemptWords, groupBy, repetitionWords } from './words.js';

const seconds = (ms: number): string => (ms / 1_000).toFixed(3);

const violationText = (violation: Violation): string =>
  [
    `${violation.requirement} ${violation.level}: ${violation.sentence}`,
    violation.message,
    `expected: ${violation.expected}`,
    `seen: ${violation.seen}`,
    ...(violation.where === undefined ? [] : [`where: ${violation.where}`]),
    ...violation.trace.map((line) => `  ${line}`),
  ].join('\n');

const violationTexts = (violations: readonly Violation[]): string[] => {
  const { shown, rest } = cut(violations, 'violation');
  return [...shown.map(violationText), ...rest];
};

const detail = (result: ScenarioResult): string =>
  [
    result.title,
    ...(result.reason === undefined ? [] : [result.reason]),
    ...(result.repetitions === undefined ? [] : [repetitionWords(result) ?? '']),
    ...(result.firstAttempt === undefined ? [] : [firstAttemptWords(result) ?? '']),
    ...violationTexts(result.violations),
    ...result.seenIn.map((bug) => `seen in: ${bugLink(bug)}`),
    `replay: ${result.replay}`,
  ].join('\n\n');

interface Fate {
  tag: 'failure' | 'error' | 'skipped';
  type: string;
  message: string;
  text?: string;
}

/** JUnit knows failure, error and skipped: what is undecided is an error, never green, never the server's failure. */
const fateOf = (result: ScenarioResult, allowUnproven: boolean): Fate | undefined => {
  const reason = result.reason ?? result.violations[0]?.message ?? result.verdict;
  const { verdict } = result;
  if (verdict === 'passed') return undefined;
  if (verdict === 'not-applicable') return { tag: 'skipped', type: verdict, message: reason };
  if (verdict === 'unproven' && allowUnproven) return { tag: 'skipped', type: verdict, message: reason };
  if (verdict === 'failed') {
    if (result.knownFailure) return { tag: 'skipped', type: 'known-failure', message: `known failure: ${reason}` };
    return {
      tag: 'failure',
      type: result.violations[0]?.requirement ?? verdict,
      message: reason,
      text: detail(result),
    };
  }
  return { tag: 'error', type: verdict, message: `${verdict}: ${reason}`, text: detail(result) };
};

type Property = readonly [name: string, value: string];

const casePropertiesOf = (result: ScenarioResult): Property[] => [
  ...result.proves.map((id): Property => ['requirement', id]),
  ...[...new Set(result.violations.map(({ requirement }) => requirement))].map((id): Property => ['broken', id]),
  ...(isFlaky(result) ? [['flaky', 'true'] as const] : []),
  ...(result.knownFailure ? [['known-failure', 'true'] as const] : []),
  ...(result.attempts > 1 ? [['attempts', String(result.attempts)] as const] : []),
  ...(result.history === undefined ? [] : [['history', result.history] as const]),
  ['replay', result.replay],
];

const suitePropertiesOf = ({ kit, subject, exitCode, complete }: Report): Property[] => [
  ['kit', kit.version],
  ['seed', kit.seed],
  ['subject', subject.url],
  ['classes', subject.classes.join(',')],
  ...(subject.dialect ? [['dialect', subject.dialect.name] as Property] : []),
  ['complete', String(complete)],
  ['exit-code', String(exitCode)],
];

const addProperties = (element: xmlbuilder.XMLElement, properties: readonly Property[]): void => {
  if (properties.length === 0) return;
  const parent = element.ele('properties');
  for (const [name, value] of properties) parent.ele('property', { name, value });
};

/** What a first attempt came to that does not count, as Surefire writes it: CI systems show such a test as flaky. */
interface Flaky {
  tag: 'flakyFailure' | 'flakyError';
  type: string;
  message: string;
}

const flakyOf = (result: ScenarioResult): Flaky | undefined => {
  const { firstAttempt } = result;
  if (firstAttempt === undefined || !isFlaky(result)) return undefined;
  const { verdict, reason, requirements } = firstAttempt;
  const tag = verdict === 'failed' ? 'flakyFailure' : 'flakyError';
  return { tag, type: requirements[0] ?? verdict, message: reason };
};

interface Case {
  name: string;
  className: string;
  durationMs: number;
  fate: Fate | undefined;
  output?: string;
  flaky?: Flaky;
  properties: readonly Property[];
}

const caseOf = (result: ScenarioResult, allowUnproven: boolean): Case => ({
  name: result.id,
  className: result.class,
  durationMs: result.durationMs,
  fate: fateOf(result, allowUnproven),
  properties: casePropertiesOf(result),
  ...defined({ output: outputOf(result), flaky: flakyOf(result) }),
});

/** What is worth a word although nothing failed. */
const outputOf = (result: ScenarioResult): string | undefined => {
  const first = isFlaky(result) ? [`flaky: ${firstAttemptWords(result) ?? repetitionWords(result) ?? ''}`] : [];
  const texts = [...first, ...violationTexts(result.warnings)];
  return texts.length === 0 ? undefined : texts.join('\n\n');
};

/** What is red although no scenario is: without it a consumer would see a green run. */
const runCase = (report: Report, cases: readonly Case[]): Case[] => {
  if (report.exitCode === 0 || cases.some(({ fate }) => fate?.tag === 'failure' || fate?.tag === 'error')) return [];
  const { sentence, missing } = outcomeOf(report);
  const fate: Fate = {
    tag: 'error',
    type: 'run',
    message: sentence,
    text: [...missing, ...report.problems].join('\n'),
  };
  return [
    { name: 'the run as a whole', className: 'run', durationMs: report.summary.durationMs, fate, properties: [] },
  ];
};

const counts = (cases: readonly Case[]) => ({
  tests: cases.length,
  failures: cases.filter(({ fate }) => fate?.tag === 'failure').length,
  errors: cases.filter(({ fate }) => fate?.tag === 'error').length,
  skipped: cases.filter(({ fate }) => fate?.tag === 'skipped').length,
  time: seconds(cases.reduce((sum, { durationMs }) => sum + durationMs, 0)),
});

/** The report as JUnit XML: one suite for each class, one case for each scenario. */
export const renderJunit = (original: Report): string => {
  const report = inertReport(original);
  const allowUnproven = report.selection?.allowUnproven === true;
  const scenarioCases = report.scenarios.map((result) => caseOf(result, allowUnproven));
  const cases = [...scenarioCases, ...runCase(report, scenarioCases)];
  const root = xmlbuilder.create('testsuites', { version: '1.0', encoding: 'UTF-8' });
  const { skipped: _, ...whole } = counts(cases);
  root.att({ name: 'im-conformance', ...whole, time: seconds(report.summary.durationMs) });
  for (const [className, members] of groupBy(cases, (member) => member.className)) {
    const suite = root.ele('testsuite', { name: className, ...counts(members), timestamp: report.startedAt });
    addProperties(suite, suitePropertiesOf(report));
    for (const { name, durationMs, fate, output, properties, flaky } of members) {
      const element = suite.ele('testcase', {
        classname: `im-conformance.${className}`,
        name,
        time: seconds(durationMs),
      });
      addProperties(element, properties);
      if (fate !== undefined) {
        const { tag, type, message, text } = fate;
        element.ele(tag, tag === 'skipped' ? { message } : { message, type }, text);
      }
      if (flaky !== undefined) element.ele(flaky.tag, { message: flaky.message, type: flaky.type });
      if (output !== undefined) element.ele('system-out', {}, output);
    }
  }
  return `${root.end({ pretty: true })}\n`;
};
