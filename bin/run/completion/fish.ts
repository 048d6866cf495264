import type { CompletedCommand, CompletedOption, Place } from './model.js';

const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

const IDS = '(__im_conformance_ids)';

/** What stands after an option or a command. */
const answerOf = (place: Place): string => {
  switch (place.kind) {
    case 'file':
      return '-r -F';
    case 'ids':
      return `-x -a ${quoted(IDS)}`;
    case 'words':
      return `-x -a ${quoted(place.words.join(' '))}`;
    case 'words-or-files':
      return `-x -a ${quoted(place.words.flatMap((word) => [word, `${word}=`]).join(' '))}`;
    case 'text':
      return '-x';
    default:
      return '';
  }
};

const flagOf = (flag: string): string => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`);

const optionLine = (command: string, { flags, help, value }: CompletedOption): string =>
  [
    `complete -c im-conformance -n ${quoted(`__im_conformance_in '${command}'`)}`,
    ...flags.map(flagOf),
    answerOf(value),
    `-d ${quoted(help)}`,
  ]
    .filter((part) => part !== '')
    .join(' ');

const argumentLines = ({ name, argument }: CompletedCommand): string[] => {
  const at = `complete -c im-conformance -n ${quoted(`__im_conformance_in '${name}'`)}`;
  if (name === '' || argument.kind === 'nothing' || argument.kind === 'text') return [];
  return [argument.kind === 'file' ? `${at} -F` : `${at} ${answerOf(argument).replace(/^-x /, '')}`];
};

const takesValue = ({ value }: CompletedOption): boolean => value.kind !== 'nothing';

/** The script for fish: to be kept as `im-conformance.fish` in its folder of completions. */
export const fishScript = (commands: readonly CompletedCommand[]): string => {
  const others = commands.filter(({ name }) => name !== '');
  const valued = [
    ...new Set(commands.flatMap(({ options }) => options.filter(takesValue).flatMap(({ flags }) => flags))),
  ];
  return `${[
    '# Completion of im-conformance for fish: im-conformance completion fish | source',
    'function __im_conformance_in',
    '    set -l words (commandline -opc)',
    "    set -l found ''",
    "    set -l before ''",
    '    for word in $words[2..-1]',
    `        if not contains -- "$before" ${valued.join(' ')}; and contains -- $word ${others.map(({ name }) => name).join(' ')}`,
    '            set found $word',
    '            break',
    '        end',
    '        set before $word',
    '    end',
    '    test "$found" = "$argv[1]"',
    'end',
    'function __im_conformance_ids',
    '    set -l words (commandline -opc)',
    '    $words[1] completion ids 2>/dev/null',
    'end',
    'complete -c im-conformance -f',
    ...others.map(
      ({ name, help }) => `complete -c im-conformance -n "__im_conformance_in ''" -a ${name} -d ${quoted(help)}`,
    ),
    ...commands.flatMap((command) => command.options.map((option) => optionLine(command.name, option))),
    ...others.flatMap(argumentLines),
  ].join('\n')}\n`;
};
