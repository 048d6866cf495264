#!/usr/bin/env node
const [word, ...more] = process.argv.slice(2);
const asksForHelp = more.length === 0 && (word === '--help' || word === '-h');
/** Node would leave with 1, which says that the server does not conform. */
const leave = (error: unknown): never => {
  process.stderr.write(`im-conformance: the kit could not be loaded\n${error}\n`);
  return process.exit(4);
};
if (asksForHelp) process.stdout.write((await import('./help.js').catch(leave)).helpText());
else await (await import('./program.js').catch(leave)).run(process.argv);
