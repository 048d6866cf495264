import { type Command, Option } from 'commander';
import { OPTION_GROUPS, type OptionSpec, termOf } from '../../src/options/option-spec.js';
import { groupsOf } from '../../src/options/option-table.js';

const collect = (value: string, earlier: string[] | undefined): string[] => [...(earlier ?? []), value];

export const optionOf = (spec: OptionSpec): Option => {
  const { kind, help, group } = spec;
  const option = new Option(termOf(spec), help).helpGroup(`${OPTION_GROUPS[group]}:`);
  return kind === 'list' || kind === 'headers' ? option.argParser(collect) : option;
};

export const configOption = (): Option =>
  new Option('--config <file>', 'config file, instead of im-conformance.config.{json,yaml}').helpGroup(
    `${OPTION_GROUPS.subject}:`,
  );

/** Adds the default command: test a server. */
export const registerTest = (program: Command): void => {
  program.argument('[url]', 'WebSocket URL of the server; without it and --exec, the embedded reference server');
  for (const spec of groupsOf('server').flatMap(([, specs]) => specs)) program.addOption(optionOf(spec));
  program.addOption(configOption());
  program.action(async (url: string | undefined, values: Record<string, unknown>) => {
    const { runTest } = await import('../run/run-test.js');
    process.exit(await runTest(url, values));
  });
};
