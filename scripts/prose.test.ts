import t from 'tap';
import { parse } from 'yaml';
import { PROSE_WIDTH, paragraphsOf, wrapMarkdown, wrapYaml } from './prose.js';

const words = (count: number): string => Array.from({ length: count }, (_, i) => `word${i}`).join(' ');
const LONG = words(30);

/** Markdown that is broken, and how its lines begin then. */
const BROKEN: [name: string, text: string, begins: RegExp[]][] = [
  ['a paragraph', LONG, [/^word0/, /^word\d/, /^word\d/]],
  ['an item', `- ${LONG}`, [/^- word0/, /^ {2}word/, /^ {2}word/]],
  ['a numbered item', `12. ${LONG}`, [/^12\. word0/, /^ {4}word/, /^ {4}word/]],
  [
    'a requirement and its reason',
    `- **[IM-1]** ${LONG}\n  *Why:* ${LONG}`,
    [/^- \*/, /^ {2}w/, /^ {2}w/, /^ {2}\*Why:/],
  ],
  ['a paragraph that was broken in the wrong place', `${LONG}\nand more`, [/^word0/, /^word/, /more$/]],
];

/** What stays as it is. */
const KEPT: [name: string, text: string][] = [
  ['short lines', 'one\ntwo\n\n- three\n  four'],
  ['a table', `| ${LONG} |\n|---|`],
  ['a heading', `# ${LONG}`],
  ['code', `\`\`\`text\n${LONG}\n\`\`\``],
  ['indented code', `    ${LONG}`],
];

t.test('long prose is broken at spaces, and nothing else changes', (t) => {
  for (const [name, text, begins] of BROKEN) {
    const wrapped = wrapMarkdown(text);
    const lines = wrapped.split('\n');
    for (const [i, pattern] of begins.entries()) t.match(lines[i], pattern, `${name}, line ${i + 1}`);
    t.ok(
      lines.every((line) => line.length <= PROSE_WIDTH),
      `${name} fits`,
    );
    t.equal(wrapped.replaceAll(/\s+/g, ' '), text.replaceAll(/\s+/g, ' '), `${name} says the same`);
    t.equal(wrapMarkdown(wrapped), wrapped, `${name} is broken once and for all`);
  }
  for (const [name, text] of KEPT) t.equal(wrapMarkdown(text), text, name);
  t.end();
});

t.test('code in backticks stays on one line, and no line begins by chance as an item', (t) => {
  const command = '`node dist/bin/im-conformance.js --only x`';
  t.ok(wrapMarkdown(`${words(12)} ${command} ${words(12)}`).includes(command));
  const dashes = wrapMarkdown(`${'x'.repeat(98)} - ${words(20)}`);
  t.notMatch(dashes, /\n- /);
  t.end();
});

t.test('a paragraph is found with its first line, however it is broken', (t) => {
  const text = wrapMarkdown(`# Head\n\n- ${LONG}\n- short`);
  t.same(
    paragraphsOf(text).filter((one) => one.text !== ''),
    [
      { line: 1, text: '# Head' },
      { line: 3, text: `- ${LONG}` },
      { line: 6, text: '- short' },
    ],
  );
  t.end();
});

/** YAML that is folded or kept: it holds the same value. */
const YAML: [name: string, text: string, folded: boolean][] = [
  ['a plain sentence', `about: ${LONG}\nnext: 1`, true],
  ['in a list', `- id: x\n  fault: ${LONG}\n  words: y`, true],
  ['the first of an entry', `- why: ${LONG}\n  cell: x`, true],
  ['folded, too long', `about: >-\n  ${LONG}\nnext: 1`, true],
  ['folded, with steps', `why: >-\n  short\n    - deeper ${LONG}\nnext: 1`, false],
  ['quoted', `about: '${LONG}'`, false],
  ['a comment after it', `about: ${LONG} # ${LONG}`, false],
  ['no sentence', `find: ${LONG}`, false],
  ['on several lines', `about: ${LONG}\n  and more`, false],
  ['short', 'about: a short one', false],
];

t.test('long sentences in YAML are folded, and mean the same', (t) => {
  for (const [name, text, folded] of YAML) {
    const wrapped = wrapYaml(text);
    t.equal(wrapped !== text, folded, name);
    t.same(parse(wrapped), parse(text), `${name} means the same`);
    if (folded)
      t.ok(
        wrapped.split('\n').every((line) => line.length <= PROSE_WIDTH),
        `${name} fits`,
      );
    t.equal(wrapYaml(wrapped), wrapped, `${name} is folded once and for all`);
  }
  t.end();
});
