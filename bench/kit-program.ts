import { fileURLToPath } from 'node:url';

/** The command line program of the build that this measurement belongs to. */
export const kitProgram = fileURLToPath(new URL('../bin/im-conformance.js', import.meta.url));
