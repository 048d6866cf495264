import type { Role } from '../../schemas/index.js';
import { botFile } from '../patching/client-folder.js';
import { serverFile } from '../patching/server-file.js';
import type { Mutant } from './mutant.js';

/** What a mutant is in the protocol: the folder of the scenario that must catch it says it. */
export const roleOf = ({ caughtBy }: Pick<Mutant, 'caughtBy'>): Role =>
  caughtBy.startsWith('client/') ? 'client' : 'server';

/** Writes a subject with these changes, to start with `node FILE`. `name` is whose they are. */
export const subjectFile = (role: Role, name: string, patch: Mutant['patch']): { file: string; remove(): void } =>
  role === 'client' ? botFile(name, patch) : serverFile(name, patch);
