#!/usr/bin/env node
const [word, ...more] = process.argv.slice(2);
const asksForHelp = more.length === 0 && (word === '--help' || word === '-h');
if (asksForHelp) process.stdout.write((await import('./help.js')).helpText());
else await (await import('./program.js')).run(process.argv);
