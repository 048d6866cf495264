// What a bot of the client library does with the words of the kit, in Node and in browsers. The library's durable inbox is
// the application's list: messages stay unconfirmed.
import { firstCharacters, inventoryParts } from './words.js';

/** Connects the library. Outcomes are told from here on. */
export const connectBot = async (connect, options) => {
  const say = (word) => client.send({ to: 'conductor', body: JSON.stringify(word) });
  const onStatus = async ({ to, msgId, status }) => {
    if (to !== 'conductor' && !['pending', 'accepted'].includes(status)) await say({ outcome: { msgId, status } });
  };
  const client = await connect({ ...options, onStatus });
  return { client, say };
};

/** Says hello, and then does what it is told until `exit`. */
export const doWords = async ({ client, say }, { timers, can, exit }) => {
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
    inventory: async ({ from, ask }) => {
      const held = client.inbox.filter((message) => message.from === from);
      for (const word of await inventoryParts(held, from, ask)) say(word);
    },
    disconnect: async ({ forMs }, _, message) => {
      await client.settled(message, 500);
      await client.disconnect();
      setTimeout(() => client.reconnect(), forMs);
    },
    exit: () => client.close().then(exit),
  };

  // A word that an earlier start did not get to is not done late.
  for (const message of client.inbox) if (message.from === 'conductor') await client.confirm(message);
  say({
    hello: {
      words: 1,
      start: Math.random().toString(36).slice(2),
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
};
