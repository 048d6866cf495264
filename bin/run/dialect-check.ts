import { cannotPromiseOf, type DialectFile, madeUpIn } from '../../schemas/index.js';
import { exampleReadings, readMapping } from '../../src/adapters/mapping/index.js';
import { EXIT } from '../../src/harness/options.js';
import type { Requirement } from '../../src/ledger/index.js';
import { isOfRole, loadLedger, whyNotJudged } from '../../src/ledger/index.js';
import { inert } from '../../src/report/inert.js';
import { count, groupBy, names } from '../../src/report/words.js';
import { loadNamed, type NamedDialect } from './named-dialect.js';
import { writeStdout } from './report-targets.js';

const MANY = 200;

/** By class, of how many something is judged: a run chooses classes. */
const classLines = (judged: readonly Requirement[], all: readonly Requirement[]): string[] =>
  groupBy(
    all.filter(({ level }) => level === 'MUST'),
    ({ class: name }) => name,
  )
    .map(([name, rows]) => {
      const number = rows.filter((row) => judged.includes(row)).length;
      return { number, line: `  ${name}: ${number} of ${rows.length}` };
    })
    .filter(({ number }) => number > 0)
    .map(({ line }) => line);

const exampleLines = (file: DialectFile): { lines: string[]; broken: number } => {
  const readings = exampleReadings(file);
  if (readings.length === 0)
    return { lines: ['no examples: add frames of your server under examples, and see how each is read'], broken: 0 };
  return {
    lines: [
      'examples:',
      ...readings.map(
        ({ frame, reads, also }) =>
          `  ${inert(frame)}\n    ${inert(reads)}${also === undefined ? '' : `\n    ambiguous: ${also} fits, too, and comes later`}`,
      ),
    ],
    broken: readings.filter(({ isRead, also }) => !isRead || also !== undefined).length,
  };
};

/** `dialect check FILE`, or `--via NAME`: 0, or 2 where an example is not read or read in two ways. */
export const checkDialect = async (named: NamedDialect, onlyJudged: boolean): Promise<number> => {
  const dialect = await loadNamed(named);
  const { profile } = dialect;
  const all = loadLedger().requirements.filter((requirement) => isOfRole(requirement, 'server'));
  const judged = all.filter((requirement) => whyNotJudged(requirement, profile) === undefined);
  if (onlyJudged) {
    await writeStdout(judged.map(({ id }) => `${id}\n`).join(''));
    return EXIT.conforms;
  }
  const { absent, madeUp } = madeUpIn(profile);
  const { file = '' } = named;
  const examples = /\.ya?ml$/.test(file) ? exampleLines(readMapping(file)) : { lines: [], broken: 0 };
  const why = groupBy(
    all.filter((requirement) => !judged.includes(requirement)),
    (requirement) => whyNotJudged(requirement, profile) ?? '',
  );
  const promises = [...cannotPromiseOf(profile), ...(dialect.cannotPromise ?? [])];
  const lines = [
    `${dialect.name}, over ${dialect.transport}`,
    `packets: ${profile.packets.join(', ')}`,
    `  it does not have: ${absent.join(', ') || 'none is missing'}`,
    `fields and rules: ${profile.fields.join(', ')}`,
    `  made up by the kit: ${madeUp.join(', ') || 'nothing'}`,
    ...promises.map((sentence) => `it cannot promise: ${sentence}`),
    '',
    'MUST that can be judged, by class:',
    ...classLines(judged, all),
    '',
    'not judged:',
    ...why.map(
      ([reason, rows]) =>
        `  ${reason}: ${names(
          rows.map(({ id }) => id),
          6,
        )}`,
    ),
    '',
    ...examples.lines,
    ...(examples.broken > 0
      ? ['', `${count(examples.broken, 'example')} not read, or read in two ways: correct the rules`]
      : []),
  ];
  await writeStdout(
    `${lines
      .map((line) => line.slice(0, MANY * 10))
      .join('\n')
      .trimEnd()}\n`,
  );
  return examples.broken > 0 ? EXIT.usage : EXIT.conforms;
};
