import type { Description, ServerClass, Timers } from '../../../schemas/index.js';
import type { Capabilities } from './capabilities.js';
import type { Authenticate } from './credentials.js';
import type { ServerInstance } from './instance.js';

/** Everything known of the server before the first scenario. */
export interface ServerSubject {
  first: ServerInstance;
  authenticate: Authenticate;
  description: Description;
  timers: Timers;
  classes: ServerClass[];
  /** What is wrong with the description that the subject serves; absent when it serves none. */
  served?: { faults: readonly string[] };
  /** What the preflight noticed and what keeps nobody out. */
  notes: readonly string[];
  capabilities: Capabilities;
}
