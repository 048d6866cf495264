import type { Report } from '../schemas/index.js';
import type { Ledger, Requirement } from '../src/ledger/index.js';
import { paragraphsOf, wrapMarkdown } from './prose.js';

/** What the ledger check needs of a scenario file. */
export interface ScenarioHead {
  role: string;
  /** Path below the package, for messages. */
  file: string;
  class: string;
  proves: string[];
}

const MARKED = /^- \*\*\[(IM-[^\]]*)\]\*\* (.*)$/;
const WHY = /^ {2}\*Why:\* (.*)$/;
const MENTIONED = /\bIM-[0-9]+(?:\.[0-9]+)?-[0-9]+/g;
/** In quotes a keyword is only talked about. MAY gives a permission: there is nothing to number. */
const LOOSE_KEYWORD = /(?<!")\b(MUST|SHOULD|SHALL|REQUIRED|RECOMMENDED)\b/;

export const APPENDIX = 'appendix-requirements.md';
const HISTORY = 'CHANGELOG.md';

const cell = (text: string): string => text.replaceAll('|', '\\|');

/** The table of all requirements at the end of the specification. */
export const renderAppendix = (ledger: Ledger): string => {
  const rows = ledger.requirements.map(
    (r) => `| ${r.id} | ${r.level} | ${r.role} | ${r.class} | ${cell(r.sentence)} |`,
  );
  const lines = [
    '# Appendix: all requirements',
    '',
    'Written from `requirements.yaml` by `node dist/scripts/check-ledger.js --write`. The sections say more about each.',
    '',
    '| id | level | role | class | sentence |',
    '|---|---|---|---|---|',
    ...rows,
    '',
  ];
  return wrapMarkdown(lines.join('\n'));
};

/** Where the text and the ledger disagree, one line each. `files`: name in spec/ → text. */
export const checkText = (ledger: Ledger, files: ReadonlyMap<string, string>): string[] => {
  const faults: string[] = [];
  const places = new Map<string, string>();
  const checkMarked = (
    requirement: Requirement,
    sentence: string,
    why: string | undefined,
    place: string,
    file: string,
  ) => {
    if (sentence !== requirement.sentence) {
      faults.push(`${place}: ${requirement.id} differs from the ledger, which says: ${requirement.sentence}`);
    }
    if (why !== requirement.reason)
      faults.push(`${place}: the "Why" of ${requirement.id} differs from its reason in the ledger`);
    if (!file.startsWith(`${requirement.section}-`))
      faults.push(`${place}: ${requirement.id} stands in the wrong section`);
  };
  for (const [file, text] of files) {
    if (file === APPENDIX || file === HISTORY) continue;
    const paragraphs = paragraphsOf(text);
    for (const [index, { line: number, text: line }] of paragraphs.entries()) {
      const place = `spec/${file}:${number}`;
      const [, id, sentence = ''] = MARKED.exec(line) ?? [];
      if (id === undefined) {
        const keyword = WHY.test(line) ? undefined : LOOSE_KEYWORD.exec(line)?.[1];
        if (keyword) faults.push(`${place}: "${keyword}" stands outside of a numbered requirement`);
      } else {
        const earlier = places.get(id);
        if (earlier) faults.push(`${place}: ${id} repeats the one at ${earlier}`);
        places.set(id, place);
        const requirement = ledger.byId.get(id);
        if (requirement)
          checkMarked(requirement, sentence, WHY.exec(paragraphs[index + 1]?.text ?? '')?.[1], place, file);
      }
      for (const [mentioned] of line.matchAll(MENTIONED)) {
        if (!ledger.byId.has(mentioned)) faults.push(`${place}: ${mentioned} is not in the ledger`);
      }
    }
  }
  for (const { id, line } of ledger.requirements) {
    if (!places.has(id)) faults.push(`spec/requirements.yaml:${line}: ${id} is not in the text`);
  }
  if (files.get(APPENDIX) !== renderAppendix(ledger)) {
    faults.push(`spec/${APPENDIX} is stale: run \`node dist/scripts/check-ledger.js --write\``);
  }
  return faults;
};

/** Requirements that a subject can break and a scenario could show. */
const provable = (ledger: Ledger, tested: ReadonlySet<string>): Requirement[] =>
  ledger.requirements.filter((r) => {
    const role = r.role === 'server' ? 'server' : 'client';
    return r.level !== 'MAY' && tested.has(`${role} ${r.class}`) && r.unobserved === undefined;
  });

/** Scenarios that claim what is not there, and requirements that no scenario claims. */
export const checkScenarios = (ledger: Ledger, scenarios: readonly ScenarioHead[]): string[] => {
  const faults: string[] = [];
  const proven = new Set<string>();
  for (const { file, class: tested, proves } of scenarios) {
    for (const id of proves) {
      const requirement = ledger.byId.get(id);
      if (!requirement) faults.push(`${file}: proves ${id}, which is not in the ledger`);
      else if (requirement.unobserved !== undefined) {
        faults.push(`${file}: proves ${id}, which the ledger calls unobserved (${requirement.unobserved})`);
      }
      // A subject that claims no more than one class is held to all of it.
      if (requirement?.class === tested) proven.add(id);
    }
  }
  const tested = new Set(scenarios.map(({ role, class: name }) => `${role} ${name}`));
  for (const { id, class: name, line } of provable(ledger, tested)) {
    if (!proven.has(id)) {
      faults.push(
        `spec/requirements.yaml:${line}: ${id} (${name}) is proven by no scenario of its class and has no \`unobserved\``,
      );
    }
  }
  return faults;
};

const RAN = new Set(['passed', 'failed']);

/** What a run did not exercise although a scenario or the ledger says that it does. */
export const checkReport = (ledger: Ledger, report: Report): string[] => {
  if (!report.complete) return ['the report is of a run that was interrupted: run the kit again'];
  const narrowed = report.selection && (report.selection.only.length > 0 || report.selection.skip.length > 0);
  if (narrowed) return ['the report is of a run with --only or --skip: run the kit again without them'];
  const faults: string[] = [];
  const exercised = new Map<string, number>();
  /** Scenario file → requirement → times. Cells of a matrix share what their file proves. */
  const claims = new Map<string, Map<string, number>>();
  for (const scenario of report.scenarios) {
    if (!RAN.has(scenario.verdict)) continue;
    const [path = scenario.id] = scenario.id.split('#');
    const claim = claims.get(path) ?? new Map<string, number>();
    claims.set(path, claim);
    for (const id of scenario.proves) claim.set(id, (claim.get(id) ?? 0) + (scenario.exercised[id] ?? 0));
    for (const [id, times] of Object.entries(scenario.exercised)) exercised.set(id, (exercised.get(id) ?? 0) + times);
  }
  for (const [path, claim] of claims) {
    for (const [id, times] of claim)
      if (times === 0) faults.push(`${path}: says that it proves ${id}, but never exercised it`);
  }
  for (const [id, times] of exercised) {
    const requirement = ledger.byId.get(id);
    if (!requirement) faults.push(`${id} was exercised, but is not in the ledger`);
    else if (requirement.unobserved !== undefined && times > 0) {
      faults.push(`${id} was exercised, but the ledger calls it unobserved (${requirement.unobserved})`);
    }
  }
  const { role, classes } = report.subject;
  for (const { id, class: name } of provable(ledger, new Set(classes.map((claimed) => `${role} ${claimed}`)))) {
    if (!exercised.get(id)) faults.push(`${id} (${name}) was exercised by no scenario of this run`);
  }
  return faults;
};
