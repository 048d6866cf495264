import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { freePort, listensWithin } from './free-port.js';
import { PROXIES, type ProxyName } from './proxies.js';

/**
 * A server behind a proxy that ends TLS, as a program. It lives as long as both do.
 *
 *     node behind-proxy.js --proxy nginx --port 9000 --cert cert.pem --key key.pem -- node server.js --port BEHIND
 */
const WORD = 'BEHIND';
const START_BOUND_MS = 20_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    proxy: { type: 'string', default: 'nginx' },
    port: { type: 'string', default: '0' },
    cert: { type: 'string', default: '' },
    key: { type: 'string', default: '' },
  },
});

const proxy = PROXIES[values.proxy as ProxyName];
const folder = mkdtempSync(join(tmpdir(), 'im-conformance-proxy-'));
const pemFile = join(folder, 'both.pem');
writeFileSync(pemFile, `${readFileSync(values.cert, 'utf8')}\n${readFileSync(values.key, 'utf8')}`);

const children: ChildProcess[] = [];
const end = (code: number): void => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
  process.exit(code);
};
const start = (command: string, words: readonly string[], env = process.env): ChildProcess => {
  const child = spawn(command, words, { stdio: 'inherit', env });
  child.on('error', () => end(1));
  child.on('exit', (code) => end(code ?? 1));
  children.push(child);
  return child;
};
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => end(0));

const behind = await freePort();
const [command = '', ...words] = positionals.map((word) => word.replace(WORD, String(behind)));
const server = start(command, words, { ...process.env, PORT: String(behind) });
if (!(await listensWithin(behind, START_BOUND_MS, () => server.exitCode !== null))) end(1);

const configFile = join(folder, 'proxy.conf');
writeFileSync(configFile, proxy.config({ front: Number(values.port), behind }, pemFile, folder));
start(proxy.program, proxy.start(configFile, folder));
