import { readFileSync, writeFileSync } from 'node:fs';
import { readHistory } from '../src/history/index.js';

/** Writes histories of version 1 anew as this kit writes them: `node dist/scripts/upgrade-histories.js FILE...`. */
for (const file of process.argv.slice(2)) {
  const events = [...readHistory(file)];
  const text = events.map((event) => `${JSON.stringify(event)}\n`).join('');
  if (text !== readFileSync(file, 'utf8')) writeFileSync(file, text);
}
