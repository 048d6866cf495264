import { OPTION_GROUPS, termOf } from '../src/options/option-spec.js';
import { groupsOf } from '../src/options/option-table.js';
import { wrap } from '../src/report/words.js';

const WIDTH = 80;
const INDENT = 2;

type Entry = readonly [term: string, meaning: string];

/** The commands beside the default one. */
export const COMMANDS: readonly Entry[] = [
  ['client [options]', 'test a client: the kit starts its bot and plays the server'],
  ['init [options]', 'write a configuration and a file for CI; asks for what is not given'],
  ['serve [options]', 'start the reference server'],
  ['check <file...>', 'judge recorded histories, such as --history wrote'],
  ['explain <id...>', 'tell what requirements or scenarios are about'],
  [
    'dialect check <file>',
    'explain a dialect, or a protocol that is built in (--via <protocol>, no file): what can be judged through it',
  ],
  [
    'dialect try <file> <url>',
    'send one message through a dialect, or --via <protocol>, and show both sides frame by frame',
  ],
  ['merge-reports [options] <file...>', 'make one report of the JSON reports of all shards'],
  ['report [options] <file...>', 'show JSON reports: one, several side by side, or what differs between two runs'],
  ['self-test [options]', 'test the kit: does it catch servers that are known to be broken?'],
  ['completion <shell>', 'print the completion of commands, options, values and ids for a shell'],
];

/** How they are called. */
export const COMMAND_NAMES: readonly string[] = [...new Set(COMMANDS.map(([term]) => term.split(' ')[0] ?? term))];

const ARGUMENTS: readonly Entry[] = [
  ['url', 'WebSocket URL of the server; without it and --exec, the embedded reference server'],
];

const CONFIG: Entry = ['--config <file>', 'config file, instead of im-conformance.config.{json,yaml}'];

const GENERAL: readonly Entry[] = [
  ['--version', 'print the version'],
  ['-h, --help', 'print this help'],
];

type Section = readonly [title: string, entries: readonly Entry[]];

/** The options of a server's run, by their headings. */
const optionSections = (): Section[] =>
  groupsOf('server').map(([group, specs]) => [
    OPTION_GROUPS[group],
    [...specs.map((spec): Entry => [termOf(spec), spec.help]), ...(group === 'subject' ? [CONFIG] : [])],
  ]);

const ABOUT = 'Tests whether an instant messaging server or client loses or doubles messages (protocol im.ran.v1).';

const AFTER = `
Exit codes: 0 conforms, 1 does not, 2 usage or configuration, 3 subject unreachable,
4 inconclusive, unproven or the kit's own fault, 130 interrupted.

Examples:
  im-conformance                                     test the embedded reference server
  im-conformance ws://127.0.0.1:9001/                test a running server
  im-conformance --exec "node server.js --port {port}"   start it, kill it, restart it
  im-conformance ws://127.0.0.1:9001/ --report junit=results.xml
  im-conformance explain IM-4.2-6                    why a requirement is there
`;

/**
 * The help of the default command. It is written here and not by the parser, so that asking for it need not load the
 * parser: it is the first thing that people call, and it should be there at once.
 */
export const helpText = (): string => {
  const sections: Section[] = [
    ['Arguments', ARGUMENTS],
    ...optionSections(),
    ['General', GENERAL],
    ['Commands', COMMANDS],
  ];
  const column = INDENT + 2 + Math.max(...sections.flatMap(([, entries]) => entries.map(([term]) => term.length)));
  const entryLines = ([term, meaning]: Entry): string[] =>
    wrap(meaning, WIDTH - column).map(
      (line, i) => (i === 0 ? `${' '.repeat(INDENT)}${term}` : '').padEnd(column) + line,
    );
  const lines = ['Usage: im-conformance [options] [command] [url]', '', ...wrap(ABOUT, WIDTH), ''];
  for (const [title, entries] of sections) lines.push(`${title}:`, ...entries.flatMap(entryLines), '');
  return `${lines.join('\n').trimEnd()}\n${AFTER}`;
};
