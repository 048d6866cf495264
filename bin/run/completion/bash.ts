import type { CompletedCommand, CompletedOption, Place } from './model.js';

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

const answerOf = (place: Place): string => {
  switch (place.kind) {
    case 'file':
      return 'COMPREPLY=($(compgen -f -- "$cur"))';
    case 'ids':
      return 'COMPREPLY=($(compgen -W "$("$program" completion ids 2>/dev/null)" -- "$cur"))';
    case 'words':
      return `COMPREPLY=($(compgen -W ${quoted(place.words.join(' '))} -- "$cur"))`;
    case 'words-or-files':
      return `COMPREPLY=($(compgen -W ${quoted(place.words.join(' '))} -- "$cur")); compopt -o nospace 2>/dev/null`;
    default:
      return 'COMPREPLY=()';
  }
};

const takesValue = ({ value }: CompletedOption): boolean => value.kind !== 'nothing';

const caseOfCommand = ({ name, options, argument }: CompletedCommand, names: readonly string[]): string[] => {
  const flags = options.flatMap((option) => option.flags).join(' ');
  const values = options
    .filter(takesValue)
    .map((option) => `        ${option.flags.join('|')}) ${answerOf(option.value)}; return ;;`);
  const words = name === '' ? [`COMPREPLY=($(compgen -W ${quoted(names.join(' '))} -- "$cur"))`] : [answerOf(argument)];
  return [
    `    ${quoted(name)})`,
    '      case "$prev" in',
    ...values,
    '      esac',
    `      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ${quoted(flags)} -- "$cur"))`,
    `      else ${words.join('; ')}; fi ;;`,
  ];
};

/** The script for bash. It asks for no package of completions, and works with the bash of old systems. */
export const bashScript = (commands: readonly CompletedCommand[]): string => {
  const names = commands.flatMap(({ name }) => (name === '' ? [] : [name]));
  const valued = [
    ...new Set(commands.flatMap(({ options }) => options.filter(takesValue).flatMap(({ flags }) => flags))),
  ];
  return `${[
    '# Completion of im-conformance for bash: eval "$(im-conformance completion bash)"',
    '_im_conformance() {',
    "  local cur prev program command='' i word",
    `  program=\${COMP_WORDS[0]} cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]}`,
    '  COMPREPLY=()',
    '  # The "=" in --report json=FILE is a word of its own.',
    '  if [[ $cur == "=" ]]; then cur=""; COMPREPLY=($(compgen -f -- "")); return; fi',
    '  if [[ $prev == "=" ]]; then COMPREPLY=($(compgen -f -- "$cur")); return; fi',
    '  for ((i = 1; i < COMP_CWORD; i++)); do',
    `    word=\${COMP_WORDS[i]}`,
    `    case "\${COMP_WORDS[i-1]}" in ${valued.join('|')}) continue ;; esac`,
    `    case "$word" in ${names.join('|')}) command=$word; break ;; esac`,
    '  done',
    '  case "$command" in',
    ...commands.flatMap((command) => caseOfCommand(command, names)),
    '  esac',
    '}',
    'complete -F _im_conformance im-conformance',
  ].join('\n')}\n`;
};
