import t from 'tap';
import { loadVia } from '../../../adapters/load-via.js';
import { addressOf } from './foreign-url.js';

t.test('a url gets the port of its protocol, where it names none', async (t) => {
  const cases: [via: string, url: string | undefined, address: string][] = [
    ['amqp', undefined, 'amqp://127.0.0.1:{port}'],
    ['amqp', 'amqp://broker.example', 'amqp://broker.example:5672'],
    ['amqp', 'amqp://broker.example/', 'amqp://broker.example:5672/'],
    ['amqp', 'amqp://broker.example/%2F', 'amqp://broker.example:5672/%2F'],
    ['amqp', 'amqps://broker.example', 'amqps://broker.example:5671'],
    ['amqp', 'amqps://[::1]:5000', 'amqps://[::1]:5000'],
    ['mqtt', 'mqtts://broker.example', 'mqtts://broker.example:8883'],
    ['mqtt', 'tls://broker.example', 'tls://broker.example:8883'],
    ['nats', 'tls://broker.example', 'tls://broker.example:4222'],
  ];
  for (const [via, url, address] of cases) t.equal(addressOf(url, await loadVia(via)), address, `${via} ${url}`);
});

t.test('what a url says in vain is refused, by an error that shows no password', async (t) => {
  const cases: [via: string, url: string, message: RegExp, remedy: RegExp][] = [
    ['amqp', 'amqp://broker.example/staging', /path \/staging/, /virtual host is always \//],
    ['amqp', 'amqp://broker.example:5672/%2Fa?x=1', /path \/%2Fa of/, /Leave it out/],
    ['amqp', 'amqp://me:secret@broker.example', /account in the url/, /amqp\?login=NAME:PASSWORD/],
    ['nats', 'http://broker.example', /http:\/\/ is no url of nats/, /nats:\/\/HOST/],
    ['mqtt', 'ws://broker.example', /ws:\/\/ is no url of mqtt/, /mqtts:\/\//],
    ['xmpp', 'broker.example:5222', /does not begin with xmpp:\/\//, /xmpp:\/\/HOST/],
    ['nats', 'nats://me:secret@broker.example', /account in the url/, /--users/],
  ];
  for (const [via, url, message, remedy] of cases) {
    const dialect = await loadVia(via);
    t.throws(() => addressOf(url, dialect), { code: 'usage', message, remedy }, url);
    t.throws(() => addressOf(url, dialect), { message: /^(?!.*secret)/ }, 'no password');
  }
});
