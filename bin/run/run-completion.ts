import { EXIT } from '../../src/harness/options.js';
import { loadLedger } from '../../src/ledger/index.js';
import { loadScenarios } from '../../src/verbs/index.js';
import { buildProgram } from '../program.js';
import { bashScript } from './completion/bash.js';
import { fishScript } from './completion/fish.js';
import { completedCommands, type Shell } from './completion/model.js';
import { zshScript } from './completion/zsh.js';
import { writeStdout } from './report-targets.js';

const SCRIPTS: Readonly<Record<Shell, typeof bashScript>> = { bash: bashScript, zsh: zshScript, fish: fishScript };

/** What the scripts ask for when an id is to be completed. */
const idList = (): string => {
  const ids = [...loadScenarios().map(({ id }) => id), ...loadLedger().requirements.map(({ id }) => id)];
  return ids.map((id) => `${id}\n`).join('');
};

/** The `completion` command: prints the script of a shell. Returns the exit code. */
export const runCompletion = async (what: Shell | 'ids'): Promise<number> => {
  await writeStdout(what === 'ids' ? idList() : SCRIPTS[what](completedCommands(buildProgram())));
  return EXIT.conforms;
};
