import type { Command } from 'commander';
import { OPTIONS } from '../../src/options/option-table.js';
import { optionOf } from './test.js';

/** Those of the default command that say who somebody is. */
const IDENTITY = ['token', 'jwt-secret', 'token-command', 'header', 'users', 'ca', 'insecure'];

/** Adds `dialect check FILE` and `dialect try FILE URL`. */
export const registerDialect = (program: Command): void => {
  const dialect = program.command('dialect').description('write a dialect, for a server that speaks another protocol');
  const via = OPTIONS.filter(({ name }) => name === 'via').map(optionOf);
  const checking = dialect
    .command('check')
    .description('explain a dialect: what can be judged through it, how it reads its examples')
    .argument('[file]', 'the dialect (.yaml or .mjs), unless --via names a protocol that is built in')
    .option('--judged', 'print only the requirements that can be judged, for --judged of a run');
  for (const option of via) checking.addOption(option);
  checking.action(async (file: string | undefined, values: { judged?: boolean; via?: string }) => {
    const { checkDialect } = await import('../run/dialect-check.js');
    process.exit(await checkDialect({ file, via: values.via }, values.judged === true));
  });
  const trying = dialect
    .command('try')
    .description('connect, log in, send one message, and show both sides frame by frame')
    .argument('[file]', 'the dialect (.yaml or .mjs); with --via the url')
    .argument('[url]', 'url of the server');
  for (const option of via) trying.addOption(option);
  for (const spec of OPTIONS.filter(({ name }) => IDENTITY.includes(name))) trying.addOption(optionOf(spec));
  trying.action(async (file: string | undefined, url: string | undefined, values: Record<string, unknown>) => {
    const { tryDialect } = await import('../run/dialect-try.js');
    process.exit(await tryDialect([file, url], values));
  });
};
