import { randomBytes } from 'node:crypto';
import { ENGINES } from '../../conformance/patching/cluster-command.js';
import type { ServerFile } from '../../conformance/patching/server-file.js';
import { SINGLE_CLASSES } from '../../schemas/wire.js';
import { shellQuote } from './replay.js';
import type { Settings } from './settings.js';

/** What the embedded server has. It is `secured` only where it checks tokens, and TLS needs a certificate of the user's. */
const EMBEDDED_CLASSES = SINGLE_CLASSES.filter((name) => !['secured', 'encrypted'].includes(name));

let written: ServerFile | undefined;

/** Written once, and removed with the process. */
const embeddedServer = async (): Promise<ServerFile> => {
  const { serverFile } = await import('../../conformance/patching/server-file.js');
  written ??= serverFile('the embedded server', []);
  return written;
};

/** How the reference server is started when no subject is named: what `--exec`, `--jwt-secret` and `--service` would say. */
interface Embedded {
  exec: string;
  jwtSecret?: string;
  services?: Readonly<Record<string, string>>;
}

/** The reference cluster, with one etcd: `etcd` is Debian's `etcd-server`. */
const embeddedCluster = (file: string): Embedded => ({
  exec: `exec ${shellQuote(process.execPath)} ${shellQuote(file)} --port {port} ${ENGINES.etcd.options}`,
  services: ENGINES.etcd.services,
});

/** The command of the embedded server, and the secret of its tokens, unless the caller makes tokens of another kind. */
export const embedded = async (settings: Settings): Promise<Embedded> => {
  const { file } = await embeddedServer();
  if (settings.nodes !== undefined) return embeddedCluster(file);
  // `exec`: the server takes the place of the shell, so that a restart costs one process and not two.
  const serve = `exec ${shellQuote(process.execPath)} ${shellQuote(file)} --port {port} --data {data}`;
  const otherTokens = ['token', 'token-command', 'header'].some((name) => settings[name] !== undefined);
  if (otherTokens) return { exec: `${serve} --class ${EMBEDDED_CLASSES.join(',')}` };
  const jwtSecret = (settings['jwt-secret'] as string | undefined) ?? randomBytes(24).toString('hex');
  const classes = [...EMBEDDED_CLASSES, 'secured'].join(',');
  return { exec: `${serve} --class ${classes} --jwt-secret ${shellQuote(jwtSecret)}`, jwtSecret };
};
