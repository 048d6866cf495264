// Loaded before a server (`node --import`): what it writes to its files reaches them later, though it is told at once that
// it did. So it answers before it has stored: a control of the kit.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const LATE_MS = 300;

const writeSync = fs.writeSync;
fs.writeSync = (file, bytes, from = 0) => {
  setTimeout(() => writeSync(file, bytes, from), LATE_MS);
  return bytes.length - from;
};
syncBuiltinESMExports();
