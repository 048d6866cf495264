import { type Command, Option } from 'commander';
import { type OptionSpec, optionsOf, termOf } from '../run/option-table.js';

const collect = (value: string, earlier: string[] | undefined): string[] => [...(earlier ?? []), value];

export const optionOf = (spec: OptionSpec): Option => {
  const { kind, help } = spec;
  const option = new Option(termOf(spec), help);
  return kind === 'list' || kind === 'headers' ? option.argParser(collect) : option;
};

/** Adds the default command: test a server. */
export const registerTest = (program: Command): void => {
  program.argument('[url]', 'WebSocket URL of the server; without it and --exec, the embedded reference server');
  for (const spec of optionsOf('server')) program.addOption(optionOf(spec));
  program.addOption(new Option('--config <file>', 'config file, instead of im-conformance.config.{json,yaml}'));
  program.action(async (url: string | undefined, values: Record<string, unknown>) => {
    const { runTest } = await import('../run/run-test.js');
    process.exit(await runTest(url, values));
  });
};
