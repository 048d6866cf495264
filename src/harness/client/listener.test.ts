import { request } from 'node:http';
import t, { type Test } from 'tap';
import { Listener } from './listener.js';

const listenerOf = async (t: Test): Promise<{ listener: Listener; seen: boolean[] }> => {
  const listener = new Listener();
  listener.token = 'good';
  const seen: boolean[] = [];
  await listener.listen((upgrade) => {
    seen.push(upgrade.offersProtocol);
    upgrade.refuse(503, {});
  });
  t.teardown(() => listener.close());
  return { listener, seen };
};

const statusOf = (listener: Listener, token: string, offers: string | string[] | undefined): Promise<number> =>
  new Promise((resolve, reject) => {
    const headers = {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
      Authorization: `Bearer ${token}`,
      ...(offers === undefined ? {} : { 'Sec-WebSocket-Protocol': offers }),
    };
    request(listener.url.replace('ws:', 'http:'), { headers })
      .on('response', (response) => resolve(response.resume().statusCode ?? 0))
      .on('error', reject)
      .end();
  });

t.test('an upgrade should say whether the client offers the subprotocol', async (t) => {
  for (const [offers, expected] of [
    [undefined, false],
    ['mqtt', false],
    ['im.ran.v10', false],
    ['IM.RAN.V1', false],
    ['im.ran.v1', true],
    ['mqtt, im.ran.v1', true],
    ['im.ran.v1,mqtt', true],
    [['mqtt', 'im.ran.v1'], true],
  ] as const) {
    const { listener, seen } = await listenerOf(t);
    t.equal(await statusOf(listener, 'good', offers as string | string[] | undefined), 503);
    t.same(seen, [expected], String(offers));
  }
});

t.test('a bad token should be refused first, whatever is offered', async (t) => {
  const { listener, seen } = await listenerOf(t);
  t.equal(await statusOf(listener, 'bad', undefined), 401);
  t.equal(await statusOf(listener, 'bad', 'im.ran.v1'), 401);
  t.same(seen, [], 'no upgrade');
  t.equal(listener.strangers, 2);
});
