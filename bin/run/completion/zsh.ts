import type { CompletedCommand, CompletedOption, Place } from './model.js';

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** `name:meaning`, as `_describe` wants it. */
const described = (name: string, help: string): string => quoted(`${name.replaceAll(':', '\\:')}:${help}`);

const answerOf = (place: Place): string => {
  switch (place.kind) {
    case 'file':
      return '_files';
    case 'ids':
      return `compadd -- \${(f)"$($words[1] completion ids 2>/dev/null)"}`;
    case 'words':
      return `compadd -- ${place.words.join(' ')}`;
    case 'words-or-files':
      return `if [[ $PREFIX == *=* ]]; then compset -P '*='; _files; else compadd -S '' -- ${place.words.join(' ')}; fi`;
    default:
      return ':';
  }
};

const takesValue = ({ value }: CompletedOption): boolean => value.kind !== 'nothing';

const caseOfCommand = ({ name, options, argument }: CompletedCommand): string[] => [
  `    ${quoted(name)})`,
  '      case $prev in',
  ...options.filter(takesValue).map(({ flags, value }) => `        ${flags.join('|')}) ${answerOf(value)}; return ;;`),
  '      esac',
  `      options=(${options.flatMap(({ flags, help }) => flags.map((flag) => described(flag, help))).join(' ')})`,
  `      argument() { ${name === '' ? '_describe command commands' : answerOf(argument)} } ;;`,
];

/** The script for zsh: to be evaluated, or to be kept as `_im-conformance` in a folder of `$fpath`. */
export const zshScript = (commands: readonly CompletedCommand[]): string => {
  const others = commands.filter(({ name }) => name !== '');
  const valued = [
    ...new Set(commands.flatMap(({ options }) => options.filter(takesValue).flatMap(({ flags }) => flags))),
  ];
  return `${[
    '#compdef im-conformance',
    '# Completion of im-conformance for zsh: eval "$(im-conformance completion zsh)", after compinit',
    '_im_conformance() {',
    "  local command='' prev=$words[CURRENT-1] i",
    '  local -a options commands',
    `  commands=(${others.map(({ name, help }) => described(name, help)).join(' ')})`,
    '  for ((i = 2; i < CURRENT; i++)); do',
    `    case $words[i-1] in ${valued.join('|')}) continue ;; esac`,
    `    case $words[i] in ${others.map(({ name }) => name).join('|')}) command=$words[i]; break ;; esac`,
    '  done',
    '  case $command in',
    ...commands.flatMap(caseOfCommand),
    '  esac',
    '  if [[ $words[CURRENT] == -* ]]; then _describe -o option options; else argument; fi',
    '}',
    'if [[ $funcstack[1] == _im-conformance ]]; then _im_conformance "$@"; else compdef _im_conformance im-conformance; fi',
  ].join('\n')}\n`;
};
