// The bot of the client library `im-conformance/client`: it does what the kit says by the words of the contract, and it
// uses nothing but the public API. The library's durable inbox is the application's list: messages stay unconfirmed.
import { connect, DEFAULT_CLIENT_TIMERS } from 'im-conformance/client';
import { firstCharacters, inventoryParts, shortTimers } from './words.js';

const { IM_URL: url, IM_TOKEN: token, DATA_DIR: storage } = process.env;
const timers = { ...DEFAULT_CLIENT_TIMERS, ...shortTimers() };
const say = (word) => client.send({ to: 'conductor', body: JSON.stringify(word) });

const onStatus = async ({ to, msgId, status }) => {
  if (to !== 'conductor' && !['pending', 'accepted'].includes(status)) await say({ outcome: { msgId, status } });
};
const client = await connect({ url, token, storage, timers, onStatus });

const hand = (message) =>
  client.send(message).catch(() => say({ outcome: { body: firstCharacters(message.body), status: 'refused' } }));

const words = {
  send: ({ messages }) => messages.forEach(hand),
  stream: ({ to, prefix, count, everyMs }, began = performance.now()) => {
    const step = (n) => {
      hand({ to, body: `${prefix}${n}` });
      if (n < count) setTimeout(step, began + n * everyMs - performance.now(), n + 1);
    };
    if (count > 0) step(1);
  },
  inventory: ({ from, ask }) =>
    inventoryParts(
      client.inbox.filter((held) => held.from === from),
      from,
      ask,
    ).forEach(say),
  disconnect: async ({ forMs }, _, message) => {
    await client.settled(message, 500);
    await client.disconnect();
    setTimeout(() => client.reconnect(), forMs);
  },
  exit: () => client.close().then(() => process.exit(0)),
};

// A word that an earlier start did not get to is not done late.
for (const message of client.inbox) if (message.from === 'conductor') await client.confirm(message);
const start = crypto.randomUUID();
const can = ['status', 'ping', 'disconnect'];
say({
  hello: {
    words: 1,
    start,
    name: 'im-conformance/client 0.1',
    roles: ['sender', 'receiver'],
    classes: ['durable'],
    timers,
    limits: { maxUnanswered: 16 },
    can,
  },
});
for await (const message of client.messages()) {
  if (message.from !== 'conductor') continue;
  await client.confirm(message); // Before it is done: a word is done at most once.
  const word = JSON.parse(message.body);
  words[word.do]?.(word, undefined, message);
}
