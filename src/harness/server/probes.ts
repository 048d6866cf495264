import type { Probes } from '../../play/index.js';
import type { Scenario } from '../../script/index.js';
import type { RunOptions } from '../options.js';
import type { Subject } from '../subject.js';
import { tlsOf } from './credentials.js';
import type { ServerSubject } from './server-subject.js';

/** What a scenario may look at beside the WebSocket: the metrics page, and the memory of the process. */
export const probesOf = (
  { url, control }: Subject,
  { description }: Pick<ServerSubject, 'description'>,
  options: RunOptions,
  { exclusive }: Scenario,
): Probes => ({
  // Few scenarios read the page, and HTTPS takes its time to load.
  metrics: async (timeoutMs) =>
    (await import('./metrics-page.js')).readMetrics(url, description.metrics, tlsOf(options), timeoutMs),
  // With others on the same process its memory says nothing of this scenario.
  ...(control && exclusive ? { memory: () => control.memory() } : {}),
});
