// What the words need that has nothing to do with the library.

/** `--short` is for test set-ups: a run does not wait for the pauses of real life then. IM_TIMERS changes single ones. */
export const shortTimers = () => ({
  ...(process.argv.includes('--short') ? SHORT_TIMERS : {}),
  ...JSON.parse(process.env.IM_TIMERS ?? '{}'),
});
const SHORT_TIMERS = {
  resendAfterMs: 200,
  resendMaxMs: 1_000,
  retryWindowMs: 15_000,
  reconnectAfterMs: 100,
  reconnectMaxMs: 1_000,
  deadAfterMs: 1_500,
};

const HEAD_CHARACTERS = 64;
const LONG_CHARACTERS = 1_000;
const PART_BYTES = 60_000;
const utf8 = new TextEncoder();
const bytesOf = (text) => utf8.encode(text).length;

/** Characters are code points. */
export const firstCharacters = (text) => [...String(text)].slice(0, HEAD_CHARACTERS).join('');

const sha256Of = async (text) => {
  const hash = await crypto.subtle.digest('SHA-256', utf8.encode(text));
  return [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
};

const itemOf = async ({ body }) =>
  body.length > LONG_CHARACTERS && [...body].length > LONG_CHARACTERS
    ? { head: firstCharacters(body), bytes: bytesOf(body), sha256: await sha256Of(body) }
    : body;

/** The words that tell what is held, each with a part that fits into one message. */
export const inventoryParts = async (held, from, ask) => {
  const parts = [[]];
  const frame = bytesOf(JSON.stringify({ inventory: { from, ask, part: 1e6, parts: 1e6, items: [] } }));
  let room = PART_BYTES - frame;
  for (const item of await Promise.all(held.map(itemOf))) {
    const bytes = bytesOf(JSON.stringify(item)) + 1;
    if (bytes > room && parts.at(-1).length > 0) {
      parts.push([]);
      room = PART_BYTES - frame;
    }
    parts.at(-1).push(item);
    room -= bytes;
  }
  return parts.map((items, index) => ({ inventory: { from, ask, part: index + 1, parts: parts.length, items } }));
};
