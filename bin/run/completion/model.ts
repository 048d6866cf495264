import type { Command, Option } from 'commander';
import { CLIENT_CLASSES, SERVER_CLASSES } from '../../../schemas/index.js';
import { REPORT_FORMATS } from '../../../src/report/index.js';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** What may stand in a place: `ids` are those of scenarios and requirements, which the kit itself is asked for. */
export type Place =
  | { kind: 'nothing' | 'text' | 'file' | 'ids' }
  | { kind: 'words'; words: readonly string[] }
  /** A word, or a word with a file: `json=out.json`. */
  | { kind: 'words-or-files'; words: readonly string[] };

export interface CompletedOption {
  /** With their dashes, such as `--verbose` and `-v`. */
  flags: readonly string[];
  help: string;
  value: Place;
}

export interface CompletedCommand {
  /** Empty for the default command. */
  name: string;
  help: string;
  options: readonly CompletedOption[];
  argument: Place;
}

/** Options whose values are known words. */
const WORDS: Readonly<Record<string, Place>> = {
  '--report': { kind: 'words-or-files', words: REPORT_FORMATS },
  '--fail-on': { kind: 'words', words: ['warning'] },
  '--role': { kind: 'words', words: ['sender', 'receiver'] },
  '--only': { kind: 'ids' },
  '--skip': { kind: 'ids' },
  '--trace': { kind: 'ids' },
};

const FILES: readonly string[] = ['file', 'dir', 'path'];

const placeOf = (option: Option, command: string): Place => {
  const [, name = ''] = /[<[](.*?)[>\]]/.exec(option.flags) ?? [];
  if (name === '') return { kind: 'nothing' };
  if (FILES.includes(name)) return { kind: 'file' };
  if (option.long === '--class')
    return { kind: 'words', words: command === 'client' ? CLIENT_CLASSES : SERVER_CLASSES };
  const known = WORDS[option.long ?? ''];
  // The mutants of the self-test have other ids.
  return known === undefined || (known.kind === 'ids' && command === 'self-test') ? { kind: 'text' } : known;
};

const optionOf = (option: Option, command: string): CompletedOption => ({
  flags: [option.long, option.short].flatMap((flag) => flag ?? []),
  help: option.description,
  value: placeOf(option, command),
});

const HELP: CompletedOption = { flags: ['--help', '-h'], help: 'print this help', value: { kind: 'nothing' } };

const argumentOf = (command: Command): Place => {
  const [argument] = command.registeredArguments;
  if (argument === undefined) return { kind: 'nothing' };
  if (argument.argChoices !== undefined) return { kind: 'words', words: argument.argChoices };
  if (argument.name() === 'id') return { kind: 'ids' };
  return { kind: argument.name() === 'file' ? 'file' : 'text' };
};

/** What can be completed: the program itself is asked, so that nothing is written twice. */
export const completedCommands = (program: Command): CompletedCommand[] =>
  [program, ...program.commands].map((command) => {
    const name = command === program ? '' : command.name();
    const options = command.options.map((option) => optionOf(option, name));
    return { name, help: command.description(), options: [...options, HELP], argument: argumentOf(command) };
  });
