import { fileURLToPath } from 'node:url';

/** The command line program of the build that this measurement belongs to, as the package offers it. */
export const kitProgram = fileURLToPath(new URL('../bundle/bin/im-conformance.js', import.meta.url));
