import type { Description, ServerClass, Timers } from '../../../schemas/index.js';
import type { Capabilities } from './capabilities.js';
import type { Authenticate } from './credentials.js';
import type { ServerInstance } from './instance.js';
import type { NetworkMeter } from './network/index.js';

/** Everything known of the server before the first scenario. */
export interface ServerSubject {
  first: ServerInstance;
  authenticate: Authenticate;
  description: Description;
  /** The same with the classes that it claims, whichever are tested. */
  claims: Description;
  timers: Timers;
  classes: ServerClass[];
  /** What is wrong with the description that the subject serves; absent when it serves none. */
  served?: { faults: readonly string[] };
  /** A counter of the metrics page that grew while the kit was quiet: others use this server. */
  shared?: { counter: string; from: number; to: number };
  /** What the preflight noticed and what keeps nobody out. */
  notes: readonly string[];
  capabilities: Capabilities;
  /** What lies between the kit and the server. */
  network: NetworkMeter;
}
