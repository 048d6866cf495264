import type { Report } from '../../schemas/index.js';
import { loadLedger } from '../ledger/index.js';
import { inertJson, inertReport } from './inert.js';
import { outcomeOf } from './outcome.js';
import { type Finding, findingsOf, fingerprintOf, scenarioFile } from './place.js';
import { groupBy, names } from './words.js';

type Level = 'error' | 'warning' | 'note';

const levelOf = (level: string): Level => (level === 'MUST' ? 'error' : level === 'SHOULD' ? 'warning' : 'note');

const message = (text: string) => ({ text });

type Rule = Pick<Report['requirements'][number], 'id' | 'level' | 'class'>;

/** A requirement as a rule: its sentence, why it is there, and where to read more. */
const ruleOf = ({ id, level, class: name }: Rule) => {
  const known = loadLedger().byId.get(id);
  const sentence = known?.sentence ?? id;
  const why = known?.reason === undefined ? [] : [known.reason];
  const more = `npx im-conformance explain ${id}`;
  return {
    id,
    shortDescription: message(sentence),
    fullDescription: message([sentence, ...why].join(' ')),
    help: {
      text: [sentence, ...why, `More: ${more}`].join('\n\n'),
      markdown: [`**${id}** (${level}) ${sentence}`, ...why, `More: \`${more}\``].join('\n\n'),
    },
    defaultConfiguration: { level: levelOf(level) },
    properties: { level, class: name, tags: ['conformance', name] },
  };
};

/** Characters that end the path of a URI are no part of it. */
const uriOf = (path: string): string =>
  encodeURI(path.replaceAll('\\', '/')).replaceAll('#', '%23').replaceAll('?', '%3F');

const physical = (path: string, startLine: number) => ({
  physicalLocation: { artifactLocation: { uri: uriOf(path) }, region: { startLine } },
});

/** The history has an event a line; `events` count from 0. */
const relatedOf = ({ result, violation }: Finding) =>
  result.history === undefined
    ? {}
    : {
        relatedLocations: [
          {
            ...physical(result.history, (violation.events.at(-1) ?? 0) + 1),
            message: message('the history of the scenario'),
          },
        ],
      };

const resultOf = (finding: Finding, rules: readonly Rule[]) => {
  const { result, violation, times } = finding;
  const more = times > 1 ? `It broke ${times} times in this scenario.` : '';
  const place = violation.where === undefined ? [] : [`Where: ${violation.where}.`];
  const text = [
    `${violation.message}.`,
    `Expected: ${violation.expected}.`,
    `Seen: ${violation.seen}.`,
    ...place,
    ...(more === '' ? [] : [more]),
  ];
  return {
    ruleId: violation.requirement,
    ruleIndex: rules.findIndex(({ id }) => id === violation.requirement),
    level: levelOf(violation.level),
    kind: 'fail',
    message: message(text.join(' ')),
    locations: [
      {
        ...physical(scenarioFile(result), 1),
        logicalLocations: [{ fullyQualifiedName: result.id, kind: 'scenario' }],
      },
    ],
    ...relatedOf(finding),
    partialFingerprints: { 'imConformance/v1': fingerprintOf(finding) },
    ...(result.knownFailure
      ? { suppressions: [{ kind: 'external', status: 'accepted', justification: 'listed in the baseline' }] }
      : {}),
    properties: { scenario: result.id, title: result.title, replay: result.replay },
  };
};

/** What is no finding about the subject: what could not be decided, and what went wrong around the scenarios. */
const notificationsOf = ({ scenarios, problems }: Report) => {
  const undecided = scenarios.filter(({ verdict }) => ['inconclusive', 'unproven', 'error'].includes(verdict));
  const groups = groupBy(undecided, ({ verdict, reason }) => `${verdict}: ${reason ?? 'no reason was recorded'}`);
  return [
    ...problems.map((text) => ({ level: 'error', message: message(text) })),
    ...groups.map(([text, members]) => ({
      level: 'warning',
      message: message(`${text} (${names(members.map(({ id }) => id))})`),
    })),
  ];
};

/** Requirements of the report, and those that broke without being there. */
const rulesOf = (report: Report, findings: readonly Finding[]): Rule[] => {
  const rows = new Map<string, Rule>(report.requirements.map((row) => [row.id, row]));
  for (const { violation, result } of findings) {
    const { requirement, level } = violation;
    if (!rows.has(requirement)) rows.set(requirement, { id: requirement, level, class: result.class });
  }
  return [...rows.values()];
};

/** The report as SARIF 2.1.0: requirements are rules, and what broke is a result at the file of its scenario. */
export const renderSarif = (original: Report): string => {
  const report = inertReport(original);
  const findings = findingsOf(report.scenarios);
  const rules = rulesOf(report, findings);
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: { name: 'im-conformance', semanticVersion: report.kit.version, rules: rules.map(ruleOf) },
        },
        automationDetails: { id: `im-conformance/${report.subject.role}/` },
        invocations: [
          {
            executionSuccessful: report.complete && (report.exitCode === 0 || report.exitCode === 1),
            exitCode: report.exitCode,
            exitCodeDescription: outcomeOf(report).sentence,
            startTimeUtc: report.startedAt,
            toolExecutionNotifications: notificationsOf(report),
          },
        ],
        results: findings.map((finding) => resultOf(finding, rules)),
        columnKind: 'utf16CodeUnits',
        properties: { seed: report.kit.seed, subject: report.subject.url, classes: report.subject.classes },
      },
    ],
  };
  return `${inertJson(JSON.stringify(log, undefined, 2))}\n`;
};
