import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { packageRoot } from '../../../package-root.js';
import type { Client } from '../client.js';
import { connect, memoryStorage } from '../node.js';
import { type FaultProxy, startProxy } from './fault-proxy.js';

const PROGRAM = join(packageRoot, 'dist', 'bin', 'im-conformance.js');
const PATIENCE_MS = 30_000;

/** Short timers for tests. */
export const QUICK_TIMERS = {
  resendAfterMs: 200,
  resendMaxMs: 800,
  reconnectAfterMs: 50,
  reconnectMaxMs: 400,
  deadAfterMs: 5_000,
};
export const SIX = ['msg:R', 'msg:A', 'msg:N', 'ack:R', 'ack:A', 'ack:N'] as const;

/** The reference server as a stranger starts it, behind a proxy that loses packets. `data` is an empty folder. */
export const serve = async (t: Test, data: string): Promise<FaultProxy & { direct: string }> => {
  if (!existsSync(PROGRAM)) throw new Error('this test starts the built program: run "npm run build" first');
  const flags = ['--data', data, '--redeliver-after', '300', '--redeliver-max', '1000'];
  const child = spawn(process.execPath, [PROGRAM, 'serve', '--port', '0', ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  const [line] = await once(child.stdout, 'data');
  const direct = /ws:\S+/.exec(String(line))?.[0] ?? '';
  return Object.assign(await startProxy(t, direct), { direct });
};

/** A client of the library in Node, online. */
export const enter = async (t: Test, url: string, token: string): Promise<Client> => {
  const client = await connect({ url, token, storage: memoryStorage(), timers: QUICK_TIMERS });
  t.teardown(() => client.close());
  await until(client, () => client.connection === 'online', `${token} online`);
  return client;
};

/** Resolves when the test holds; it is looked at after each event of the client. */
export const until = (client: Client, test: () => boolean, what: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const stops: (() => void)[] = [];
    const end = (finish: () => void): void => {
      clearTimeout(timer);
      for (const stop of stops) stop();
      finish();
    };
    const look = (): void => {
      if (test()) end(resolve);
    };
    const timer = setTimeout(() => end(() => reject(new Error(`not seen: ${what}`))), PATIENCE_MS);
    for (const kind of ['message', 'status', 'forgotten', 'connection'] as const) stops.push(client.on(kind, look));
    look();
  });

export const bodiesFrom = (client: Client, from: string): string[] =>
  client.inbox.filter((message) => message.from === from).map(({ body }) => body);

/**
 * Strikes when a packet about the message with that body is on its way: before it goes on, so that it is lost, or right
 * after. Resolves when `blow` has. Nothing goes on after it until the filter is another one.
 */
export const strikeAt = (
  proxy: FaultProxy,
  type: string,
  mark: string,
  when: 'before' | 'after',
  blow: () => Promise<void>,
): Promise<void> => {
  /** Ids that belong to the packet that carried the mark: its answers carry them, too. */
  const ids = new Set<unknown>();
  return new Promise((resolve, reject) => {
    let fired = false;
    proxy.filter = (packet) => {
      if (packet.body === mark) for (const id of [packet.msgId, packet.serverMsgId]) if (id !== undefined) ids.add(id);
      const belongs = ids.has(packet.msgId) || ids.has(packet.serverMsgId);
      if (fired || packet.type !== type || !belongs) return !fired || when === 'after';
      fired = true;
      void blow().then(resolve, reject);
      return when === 'after';
    };
  });
};
