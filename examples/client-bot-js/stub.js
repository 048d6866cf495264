// The bot of a client library, to be filled in: `im-conformance client --exec "node conformance-bot.js"` starts it.
// The kit tells it what to do in messages of the user `conductor`; docs/test-a-client.md explains the words.
/** What your library is and claims. Timers in milliseconds; what is left out is assumed as the specification has it. */
const HELLO = { name: 'my library', roles: ['sender', 'receiver'], classes: [], timers: {}, can: ['status'] };

/**
 * Connects your library to the kit: what stands here is all that you must write. Send the token as a Bearer header, keep
 * what must survive a kill in the folder `data`. Call `onMessage({ from, body })` once for each message that the library
 * hands over, and `onStatus({ to, msgId, status })` for each change of what becomes of a message that it sent: `stored`,
 * `delivered`, `expired`, `refused` or `unknown`. Return an object with `send({ to, body, ttlMs })`.
 */
const openLibrary = async ({ url, token, data, onMessage, onStatus }) => {
  throw new Error(`write openLibrary in this file: it connects your library to ${url}`, {
    cause: { token, data, onMessage, onStatus },
  });
};

const HEAD_CHARACTERS = 64;
const LONG_CHARACTERS = 1_000;
const PART_BYTES = 60_000;
const { IM_URL: url, IM_TOKEN: token, DATA_DIR: data } = process.env;

/** What the application holds, in the order in which it came. For class `durable`, keep it in `data` instead. */
const held = [];
const say = (word) => library.send({ to: 'conductor', body: JSON.stringify(word) });
const head = (text) => [...text].slice(0, HEAD_CHARACTERS).join('');

const hand = async (message) => {
  try {
    await library.send(message);
  } catch {
    await say({ outcome: { body: head(message.body), status: 'refused' } });
  }
};

const sha256Of = async (text) => {
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return Buffer.from(hash).toString('hex');
};
const itemOf = async (body) =>
  [...body].length > LONG_CHARACTERS
    ? { head: head(body), bytes: Buffer.byteLength(body), sha256: await sha256Of(body) }
    : body;

/** A message must not become too large, so a long list comes in parts. */
const inventory = async ({ from, ask }) => {
  const bodies = held.filter((message) => message.from === from).map(({ body }) => body);
  const items = await Promise.all(bodies.map(itemOf));
  const parts = [[]];
  let bytes = 0;
  for (const item of items) {
    const more = Buffer.byteLength(JSON.stringify(item)) + 1;
    if (bytes + more > PART_BYTES - 1_000 && parts.at(-1).length > 0) {
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1).push(item);
    bytes += more;
  }
  for (const [index, list] of parts.entries()) {
    await say({ inventory: { from, ask, part: index + 1, parts: parts.length, items: list } });
  }
};

const words = {
  send: ({ messages }) => messages.forEach(hand),
  stream: ({ to, prefix, count, everyMs }, began = performance.now()) => {
    const step = (n) => {
      hand({ to, body: `${prefix}${n}` });
      if (n < count) setTimeout(step, began + n * everyMs - performance.now(), n + 1);
    };
    if (count > 0) step(1);
  },
  inventory,
  exit: () => process.exit(0),
};

const onMessage = ({ from, body }) => {
  if (from !== 'conductor') return void held.push({ from, body });
  const word = JSON.parse(body);
  words[word.do]?.(word);
};
const onStatus = async ({ to, msgId, status }) => {
  if (to !== 'conductor' && !['pending', 'accepted'].includes(status)) await say({ outcome: { msgId, status } });
};

const library = await openLibrary({ url, token, data, onMessage, onStatus });
await say({ hello: { words: 1, start: crypto.randomUUID(), ...HELLO } });
