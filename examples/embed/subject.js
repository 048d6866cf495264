// What all the examples here test: the minimal server beside them. Put the command of your own server in its place.
import { fileURLToPath } from 'node:url';

const server = fileURLToPath(new URL('../minimal-server-js/server.js', import.meta.url));

export const options = {
  exec: process.env.EXEC ?? `"${process.execPath}" "${server}" --port {port}`,
  classes: ['core'],
  // Leave it out to play everything; ONLY='server/core/plain*' is a first look, EXEC another server.
  only: process.env.ONLY?.split(',') ?? [],
};
