import type { Probes } from '../../play/index.js';
import type { Scenario } from '../../script/index.js';
import type { RunOptions } from '../options.js';
import type { Subject } from '../subject.js';
import { tlsOf } from './credentials.js';
import { fetchDescription } from './description/fetch-description.js';
import type { ServerSubject } from './server-subject.js';

/** What a scenario may look at beside the WebSocket: the metrics page, and the memory of the process. */
export const probesOf = (
  { url, control, nodeUrls = [url] }: Subject,
  { description }: Pick<ServerSubject, 'description'>,
  options: RunOptions,
  { exclusive }: Scenario,
): Probes => ({
  // Few scenarios read the page, and HTTPS takes its time to load.
  metrics: async (timeoutMs) => {
    const { readMetrics } = await import('./metrics-page.js');
    const tls = tlsOf(options);
    return Promise.all(nodeUrls.map((node) => readMetrics(node, description.metrics, tls, timeoutMs)));
  },
  listed: () =>
    Promise.all(
      nodeUrls.map(async (node) => {
        const served = await fetchDescription(node, tlsOf(options)).catch(() => 'unread' as const);
        if (served === 'unread' || (served !== undefined && 'late' in served)) return 'unread';
        return served !== undefined && 'nodes' in served ? served.nodes : undefined;
      }),
    ),
  // With others on the same process its memory says nothing of this scenario.
  ...(control && exclusive ? { memory: () => control.memory() } : {}),
});
