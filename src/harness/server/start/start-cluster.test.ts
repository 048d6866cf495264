import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { endpointOf, pickPort, portState, releasePort } from '../../process/port.js';
import type { SubjectExit } from '../../subject.js';
import type { Authenticate } from '../credentials.js';
import type { ClusterSubject } from './cluster-subject.js';
import { startSubject } from './index.js';
import { LinkSet } from './links.js';
import { isPortTaken } from './start-failure.js';

const script = fileURLToPath(new URL('../../testing/bad-command.mjs', import.meta.url));
const exec = `exec "${process.execPath}" "${script}" good --node {node} --of {nodes} --peer {port:2} --urls {urls} --store {port:store}`;
const store = `exec "${process.execPath}" -e 'require("node:net").createServer().listen({port:store}, "127.0.0.1")'`;
const authenticate: Authenticate = async (url) => ({ url, headers: {} });

t.test('the nodes of a cluster are started after their services, and each is ended alone', async (t) => {
  const subject = await startSubject({ exec, authenticate, nodes: 3, services: { store } });
  t.teardown(() => subject.close());
  const states = async () => Promise.all((subject.nodeUrls ?? []).map((url) => portState(endpointOf(url))));
  t.same(await states(), ['accepts', 'accepts', 'accepts']);
  await subject.nodes?.[1]?.kill();
  t.same(await states(), ['accepts', 'refuses', 'accepts']);
  await subject.control?.start();
  t.same(await states(), ['accepts', 'accepts', 'accepts'], 'those that run already go on');
  await subject.control?.freeze();
  await subject.control?.kill();
  t.same(await states(), ['refuses', 'refuses', 'refuses']);
  await subject.control?.forget();
  await subject.control?.start();
  t.same(await states(), ['accepts', 'accepts', 'accepts']);
});

t.test('a service that does not start is named, with its output and a remedy', async (t) => {
  const cases: [Record<string, string>, RegExp][] = [
    [{ store: 'echo no disk; exit 3' }, /The service "store" has ended.*no disk/s],
    [{ store: 'exec sleep 60' }, /The service "store" does not listen on port \d+/],
  ];
  for (const [services, expected] of cases) {
    const starting = startSubject({ exec, authenticate, nodes: 2, services, startTimeoutMs: 400 });
    await t.rejects(starting, { message: expected, code: 'unreachable' });
  }
});

const WAIT_MS = 5_000;

/** Looks again and again, for so long at most. */
const within = async <T>(look: () => T | undefined): Promise<T | undefined> => {
  const until = performance.now() + WAIT_MS;
  for (;;) {
    const found = look();
    if (found !== undefined || performance.now() > until) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};

/** The program leaves its process group, as a daemon does; the shell stays. */
const daemon = store.replace('exec ', 'setsid ').concat(' & exec sleep 60');

const startWith = async (t: Test, services: Record<string, string>) => {
  const subject = (await startSubject({ exec, authenticate, nodes: 2, services })) as ClusterSubject;
  t.teardown(() => subject.close());
  const [service] = subject.services;
  if (service === undefined) throw new Error('there is a service');
  return { subject, service };
};

t.test('a fault of a service is proven, or told as one that did not happen', async (t) => {
  const { subject, service } = await startWith(t, { store });
  await service.freeze();
  const isLinux = process.platform === 'linux';
  const isFrozen = (expected: boolean) => within(() => (service.isFrozen() === expected ? expected : undefined));
  if (isLinux) t.equal(await isFrozen(true), true, 'all of it stands still');
  await service.unfreeze();
  if (isLinux) t.equal(await isFrozen(false), false, 'it goes on');
  await subject.nodes[0]?.freeze();
  const node = () => (subject.nodes[0]?.isFrozen() === true ? true : undefined);
  if (isLinux) t.equal(await within(node), true, 'the same of a node');
  await subject.unfreeze();
  await service.kill();
  await t.rejects(service.freeze(), { message: /The service "store" could not be frozen: it was ended by SIGKILL/ });
  await service.start();
  t.ok(service.isAlive);
});

t.test('what is left of a service outside of its process group is found out', async (t) => {
  const { service } = await startWith(t, { store: daemon });
  await service.freeze();
  if (process.platform === 'linux') {
    const ofShell = () => (service.isFrozen() === undefined ? undefined : service.isFrozen());
    t.equal(await within(ofShell), false, 'only the shell was frozen');
  }
  await service.unfreeze();
  await t.rejects(service.kill(), { code: 'usage', message: /"store" have ended, but its port \d+ does not refuse/ });
});

t.test('a service that ends by itself is told, with its name and last words', async (t) => {
  const dying = store.replace(
    '.listen(',
    '.on("connection", () => { console.log("disk full"); process.exit(7); }).listen(',
  );
  // The look whether it listens is the first connection, and the nodes make the second one.
  const patient = dying.replace('process.exit(7)', '(globalThis.n = (globalThis.n ?? 0) + 1) > 2 && process.exit(7)');
  const { subject, service } = await startWith(t, { store: patient });
  const told: SubjectExit[] = [];
  subject.onExit((exit) => told.push(exit));
  const port = Number(/listen\((\d+)/.exec(service.command)?.[1]);
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  t.teardown(() => socket.destroy());
  t.match(await within(() => told[0]), { who: 'the service "store"', service: 1, code: 7, output: /disk full/ });
  await service.kill();
  await subject.start();
  t.equal(told.length, 1, 'what the kit ends is no news');
});

t.test('a port of a link that is taken is cured by others, and whatever fails leaves nothing behind', async (t) => {
  const links = new LinkSet();
  await links.provide(
    new Map([
      ['1', '{link:2}'],
      ['2', ''],
    ]),
    () => 1,
  );
  await links.listen();
  const error = await links.listen().catch((cause: unknown) => cause);
  t.ok(isPortTaken(error), String(error));
  links.close();
  if (process.platform !== 'linux') return;
  const opened = (): number => readdirSync('/proc/self/fd').length;
  const before = opened();
  const { TMPDIR } = process.env;
  process.env.TMPDIR = '/there/is/no/such/folder';
  const linked = `${exec} --to {link:2} --and {link:store}`;
  const starting = startSubject({ exec: linked, authenticate, nodes: 2, services: { store } });
  await t.rejects(starting, { code: 'usage', message: /A data folder for the server cannot be made/ });
  if (TMPDIR === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = TMPDIR;
  t.equal(await within(() => (opened() <= before ? true : undefined)), true, 'the relays listen no more');
});

t.test('a link is whole when neither of its ends is cut off', async (t) => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket.on('error', () => undefined));
    socket.pipe(socket);
  });
  const far = await pickPort();
  server.listen(far, '127.0.0.1');
  await once(server, 'listening');
  const links = new LinkSet();
  await links.provide(
    new Map([
      ['1', '{link:2}'],
      ['2', ''],
    ]),
    () => far,
  );
  await links.listen();
  t.teardown(() => {
    links.close();
    server.close();
    for (const socket of sockets) socket.destroy();
    releasePort(far);
  });
  const near = Number(links.fill('1', '{link:2}'));
  const [one, two] = [links.of('1'), links.of('2')];
  const dial = (): { answer: Promise<unknown> } => {
    const socket = connect(near, '127.0.0.1').on('error', () => undefined);
    t.teardown(() => socket.destroy());
    socket.write('x');
    return { answer: once(socket, 'data') };
  };
  await dial().answer;
  await one?.cut('both');
  await two?.cut('in');
  await two?.delay(1);
  await two?.heal();
  const blocked = (): number => one?.traffic?.blocked ?? 0;
  const before = blocked();
  dial().answer.catch(() => undefined);
  t.ok(await within(() => (blocked() > before ? true : undefined)), 'the other end is cut off still');
  await one?.heal();
  await dial().answer;
  await one?.cut('out');
  await two?.cut('out');
  await one?.heal();
  const kept = blocked();
  dial().answer.catch(() => undefined);
  const carried = one?.traffic?.carried ?? 0;
  t.ok(await within(() => ((one?.traffic?.carried ?? 0) > carried || blocked() > kept ? true : undefined)));
  await two?.heal();
  await dial().answer;
  t.pass('and then it is whole');
});
