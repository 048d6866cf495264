import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_EVERY_MS = 20;

/** A port of this machine that nobody uses just now. */
export const freePort = async (): Promise<number> => {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
};

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });

/** Whether somebody listens on the port before the bound, and before `isOver`. */
export const listensWithin = async (port: number, boundMs: number, isOver: () => boolean): Promise<boolean> => {
  const from = performance.now();
  while (!(await accepts(port))) {
    if (performance.now() - from > boundMs || isOver()) return false;
    await sleep(LOOK_EVERY_MS);
  }
  return true;
};
