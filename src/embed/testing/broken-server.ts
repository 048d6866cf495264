import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../package-root.js';

const MINIMAL = join(packageRoot, 'examples', 'minimal-server-js', 'server.js');
const KNOWN = /const known = byMsgId\.get\(.*\);/;

/** The command that starts the minimal server: it is there in a moment, on a busy machine, too. */
export const goodServer = `"${process.execPath}" "${MINIMAL}" --port {port}`;

/** Writes a minimal server that knows no message again, and returns the command that starts it. */
export const brokenServer = (folder: string): string => {
  const text = readFileSync(MINIMAL, 'utf8');
  if (!KNOWN.test(text)) throw new Error('the minimal server looks up what it knows in another way now');
  const file = join(folder, 'broken-server.js');
  writeFileSync(file, text.replace(KNOWN, 'const known = undefined;'));
  return `"${process.execPath}" "${file}" --port {port}`;
};
