import type { Test } from 'tap';
import { type RunningServer, type ServerOptions, startServer } from '../index.js';
import { TestClient } from './client.js';

/** Timers so long that none of them decides a test; the tests of timers set their own. */
export const CALM = { redeliverAfterMs: 60_000, redeliverMaxMs: 60_000, deadAfterMs: 600_000 };

export interface Place extends RunningServer {
  join(token: string, options?: { autoPong?: boolean }): Promise<TestClient>;
}

export const place = async (t: Test, options: ServerOptions = {}): Promise<Place> => {
  const server = await startServer({ timers: CALM, ...options, data: options.data ?? t.testdir() });
  const clients: TestClient[] = [];
  t.teardown(async () => {
    for (const client of clients) client.webSocket.terminate();
    await server.stop();
  });
  const join = async (token: string, more = {}): Promise<TestClient> => {
    const client = await TestClient.connect(server.url, token, more);
    clients.push(client);
    return client;
  };
  return { ...server, join };
};

export const meet = async (server: Place, ...users: string[]): Promise<void> => {
  for (const user of users) await (await server.join(user)).close();
};
