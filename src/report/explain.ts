import type { Requirement } from '../ledger/index.js';
import { type Paint, plainPaint } from './paint.js';
import { bugLink, count, names, wrap } from './words.js';

const WIDTH = 100;

/** What an explanation needs to know of a scenario; `steps` are the texts of its script. */
export interface ExplainedScenario {
  id: string;
  title: string;
  class: string;
  proves: readonly string[];
  seenIn: readonly string[];
  about?: string;
  file: string;
  exclusive: boolean;
  steps: readonly string[];
}

const paragraph = (title: string, lines: readonly string[], paint: Paint): string[] =>
  lines.length === 0
    ? []
    : ['', paint('bold', title), ...lines.flatMap((line) => wrap(line, WIDTH - 2).map((part) => `  ${part}`))];

/** Cells of one file are one line: `server/core/dropped-packets (6 cells)`. */
const fileLines = (scenarios: readonly ExplainedScenario[]): string[] => {
  const cells = new Map<string, number>();
  for (const { id } of scenarios) {
    const [base = id] = id.split('#');
    cells.set(base, (cells.get(base) ?? 0) + 1);
  }
  return [...cells].map(([base, number]) => (number === 1 ? base : `${base} (${count(number, 'cell')})`));
};

const bugLines = (scenarios: readonly ExplainedScenario[]): string[] =>
  [...new Set(scenarios.flatMap(({ seenIn }) => seenIn))].map(bugLink);

const runLines = (files: number, first: ExplainedScenario | undefined, paint: Paint): string[] => {
  if (first === undefined) return [];
  const which = files === 1 ? 'run it' : 'run the first of them';
  const command = first.id.startsWith('client/') ? 'client --exec "COMMAND"' : 'URL';
  return ['', paint('dim', `${which}: npx im-conformance ${command} --only '${first.id.split('#')[0]}*'`)];
};

/** An explanation fits on a screen: a few of many are enough to go on with. */
const MAX_LINES = 12;

const few = (lines: readonly string[]): string[] =>
  lines.length <= MAX_LINES
    ? [...lines]
    : [...lines.slice(0, MAX_LINES - 1), `and ${lines.length - MAX_LINES + 1} more`];

/** Everything that is known of one requirement, for a person. `mutants` are servers or clients that break it on purpose. */
export const explainRequirement = (
  requirement: Requirement,
  scenarios: readonly ExplainedScenario[],
  mutants: readonly string[],
  paint: Paint = plainPaint,
): string => {
  const { id, level, role, section, sentence, reason, unobserved } = requirement;
  const own = scenarios.filter(({ proves }) => proves.includes(id));
  const where = role === 'server' ? `class ${requirement.class}` : `role ${role}`;
  return `${[
    `${paint('bold', id)}  ${level}, ${where}, section ${section} of the specification`,
    ...wrap(sentence, WIDTH - 2).map((line) => `  ${paint('cyan', line)}`),
    ...paragraph('Why it is there', reason === undefined ? [] : [reason], paint),
    ...paragraph('Why no scenario shows it', unobserved === undefined ? [] : [unobserved], paint),
    ...paragraph('Scenarios that prove it', few(fileLines(own)), paint),
    ...paragraph(
      `Broken ${role === 'server' ? 'servers' : 'clients'} that must be caught for it (self-test --only NAME)`,
      mutants.length === 0 ? [] : [names(mutants)],
      paint,
    ),
    ...paragraph('Real bugs that these would have caught', few(bugLines(own)), paint),
    ...runLines(fileLines(own).length, own[0], paint),
  ].join('\n')}\n`;
};

/** What a scenario does, step by step. Several cells of one file are told once, by their first. */
export const explainScenario = (
  cells: readonly ExplainedScenario[],
  sentenceOf: (requirement: string) => string,
  paint: Paint = plainPaint,
): string => {
  const [first] = cells;
  if (first === undefined) return '';
  const alone = first.exclusive ? ', has the server to itself' : '';
  return `${[
    `${paint('bold', cells.length === 1 ? first.id : (first.id.split('#')[0] ?? first.id))}  class ${first.class}${alone}`,
    `  ${first.title}`,
    ...paragraph('Why it matters', first.about === undefined ? [] : [first.about.trim()], paint),
    ...paragraph(`Cells (${cells.length})`, cells.length === 1 ? [] : cells.map(({ id }) => id), paint),
    ...paragraph(cells.length === 1 ? 'Steps' : `Steps of ${first.id}`, first.steps, paint),
    ...paragraph(
      'Proves',
      first.proves.map((id) => `${id}  ${sentenceOf(id)}`),
      paint,
    ),
    ...paragraph('Real bugs that it would have caught', bugLines(cells), paint),
    '',
    paint('dim', `file: ${first.file}`),
  ].join('\n')}\n`;
};
