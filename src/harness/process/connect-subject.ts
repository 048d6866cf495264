import type { Subject } from '../subject.js';

/** A subject that somebody else runs: the kit can connect to it, but not kill, freeze or restart it. */
export const connectSubject = (url: string): Subject => {
  return { url, close: () => Promise.resolve() };
};
