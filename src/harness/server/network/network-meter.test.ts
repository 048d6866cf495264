import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { NetworkMeter, Sentinel, speedOf, type Tried } from './index.js';

t.test('what was measured of the way to the server', async (t) => {
  const cases: [name: string, tried: Tried, speed: ReturnType<typeof speedOf>][] = [
    ['nothing', { roundTripsMs: [] }, undefined],
    ['one machine', { roundTripsMs: [0.3, 2], large: { bytes: 400_000, longerMs: 9 } }, undefined],
    ['one machine with a hiccup', { roundTripsMs: [0.3, 80] }, undefined],
    ['far away', { roundTripsMs: [200, 240] }, { roundTripMs: 280 }],
    [
      'far away: large packets wait for TCP',
      { roundTripsMs: [200, 200], large: { bytes: 1, longerMs: 410 } },
      { roundTripMs: 200 },
    ],
    [
      'a slow line',
      { roundTripsMs: [1, 1], large: { bytes: 125_000, longerMs: 1_002 } },
      { roundTripMs: 0, bytesPerSecond: 125_000 },
    ],
  ];
  for (const [name, tried, speed] of cases) t.same(speedOf(tried), speed, name);
});

t.test('a line that is given more than it carries is behind', async (t) => {
  const meter = new NetworkMeter();
  meter.charge(1_000_000);
  t.equal(meter.drainMs, 0, 'nobody knows that it is slow');
  meter.speed = { roundTripMs: 5, bytesPerSecond: 100_000 };
  meter.charge(1_000_000);
  t.ok(meter.drainMs > 9_000 && meter.drainMs <= 10_000, 'ten seconds for ten times as much as it carries in one');
  t.equal(meter.stalledMs(0), undefined, 'nobody watches');
});

t.test('the sentinel sees that nothing crosses the network', async (t) => {
  let answers = 0;
  let held: (() => void) | undefined;
  const server = createServer((_, response) => {
    answers += 1;
    const answer = () => response.end('{}');
    if (answers <= 4) answer();
    else held = answer;
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const meter = new NetworkMeter();
  meter.watch(new Sentinel(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/chat`, {}));
  t.teardown(() => {
    meter.stop();
    server.closeAllConnections();
    server.close();
  });
  while (held === undefined) await new Promise((resolve) => setImmediate(resolve));
  const since = performance.now();
  while ((meter.stalledMs(since) ?? 0) < 200) await new Promise((resolve) => setImmediate(resolve));
  t.ok((meter.stalledMs(since) ?? 0) >= 200, 'while it lasts');
  held();
  while (answers < 6) await new Promise((resolve) => setImmediate(resolve));
  t.ok((meter.stalledMs(since) ?? 0) >= 200, 'and afterwards');
  t.ok((meter.stalledMs(performance.now() + 1_000) ?? 0) < 200, 'but not of what began later');
});
