import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Nodes of the reference cluster where nobody says how many. */
export const CLUSTER_NODES = 3;

/**
 * What a reference cluster under test needs: one etcd, in the folder that the kit gives it. One member is enough to try
 * nodes; what three of them survive is the business of etcd. The kit kills processes, not machines, so nothing is synced.
 */
export const CLUSTER_SERVICES: Readonly<Record<string, string>> = {
  etcd: [
    'exec etcd --data-dir {data}/etcd --log-level error --unsafe-no-fsync',
    '--listen-client-urls http://127.0.0.1:{port:etcd} --advertise-client-urls http://127.0.0.1:{port:etcd}',
    '--listen-peer-urls http://127.0.0.1:{port:etcd-peer}',
  ].join(' '),
};

/** What a node gets beside its port. */
export const CLUSTER_OPTIONS = '--node {node} --cluster http://127.0.0.1:{link:etcd} --cluster-nodes {urls}';

/** Why the reference cluster cannot run here, as the end of a sentence; nothing when it can. */
export const whyNoEtcd = (): string | undefined =>
  (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, 'etcd')))
    ? undefined
    : 'etcd is not installed (Debian: etcd-server), and the reference cluster keeps its log there';
