import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from '../../src/package-root.js';
import { botFile } from '../patching/client-folder.js';
import { PYTHON } from '../patching/cluster-command.js';
import type { Variant } from './variant.js';

export const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** Why a client cannot be started on this machine; nothing when it can. */
export const whyNoClient = ({ program = '' }: Pick<Variant, 'program'>): string | undefined => {
  if (!program.endsWith('.py')) return undefined;
  const { status } = spawnSync(PYTHON, ['-c', 'import websockets'], { stdio: 'ignore' });
  return status === 0 ? undefined : 'Install python3-websockets.';
};

/** A command that starts the bot of a client variant, and what removes its files. */
export interface ClientCommand {
  command: string;
  remove(): void;
}

/** `exec`: the bot takes the place of the shell, so that a start costs one process and not two. */
const startOf = (file: string, { options = '' }: Variant): string => {
  const interpreter = file.endsWith('.py') ? PYTHON : process.execPath;
  return `exec ${quote(interpreter)} ${quote(file)} --short ${options}`.trimEnd();
};

/** The bot with its changes, in a folder of its own; or the program that the variant is. Its timers are short. */
export const clientCommand = (variant: Variant): ClientCommand => {
  const { id, program, patch = [] } = variant;
  if (program !== undefined) return { command: startOf(join(packageRoot, program), variant), remove: () => {} };
  const { file, remove } = botFile(`variant "${id}"`, patch);
  return { command: startOf(file, variant), remove };
};
