import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { packageRoot } from '../../src/package-root.js';

/** Nodes of the reference cluster where nobody says how many. */
export const CLUSTER_NODES = 3;

/** What the nodes of a cluster under test share, in the folder that the kit gives it. */
export interface Engine {
  /** Commands by name. */
  services: Readonly<Record<string, string>>;
  /** What a node gets beside its port. */
  options: string;
  /** Why it cannot run here, as the end of a sentence; nothing when it can. */
  whyNot(): string | undefined;
}

const optionsFor = (service: string): string =>
  `--node {node} --cluster http://127.0.0.1:{link:${service}} --cluster-nodes {urls}`;

const isOnPath = (name: string): boolean =>
  (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, name)));

/** Debian's: the python3 that is first on the path may be another one. */
export const PYTHON = '/usr/bin/python3';
const sqlService = join(packageRoot, 'src/reference/cluster/testing/sql-service.py');

/** The kit kills processes, not machines, so neither of them syncs what it writes. */
export const ENGINES: Readonly<Record<'etcd' | 'sql', Engine>> = {
  /** One member is enough to try nodes; what three of them survive is the business of etcd. */
  etcd: {
    services: {
      etcd: [
        'exec etcd --data-dir {data}/etcd --log-level error --unsafe-no-fsync',
        '--listen-client-urls http://127.0.0.1:{port:etcd} --advertise-client-urls http://127.0.0.1:{port:etcd}',
        '--listen-peer-urls http://127.0.0.1:{port:etcd-peer}',
      ].join(' '),
    },
    options: optionsFor('etcd'),
    whyNot: () =>
      isOnPath('etcd')
        ? undefined
        : 'etcd is not installed (Debian: etcd-server), and the reference cluster keeps its log there',
  },
  /** For correct clusters of this repository only. */
  sql: {
    services: { sql: `exec ${PYTHON} '${sqlService}' --port {port:sql} --file {data}/sql.db` },
    options: optionsFor('sql'),
    whyNot: () =>
      spawnSync(PYTHON, ['-c', 'import sqlite3'], { stdio: 'ignore' }).status === 0
        ? undefined
        : 'Python is not installed (Debian: python3), and this cluster keeps its log in sqlite3',
  },
};
