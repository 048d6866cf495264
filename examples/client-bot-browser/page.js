// The bot, in a page.
import { connect, DEFAULT_CLIENT_TIMERS } from './client.js';
import { connectBot, doWords } from './talk.js';

const post = async (path, body = '') => (await fetch(path, { method: 'POST', body })).json();
for (const kind of ['error', 'unhandledrejection']) {
  addEventListener(kind, ({ message, reason }) => post('/error', String(reason?.stack ?? message)));
}

const { url, token, timers: given } = await post('/options');
const timers = { ...DEFAULT_CLIENT_TIMERS, ...given };
const bot = await connectBot(connect, { url, token, storage: 'bot', timers });
await post('/connected');
// A browser shows a page neither the status of a refused upgrade nor pings.
if (location.search === '?bot') await doWords(bot, { timers, can: ['disconnect'], exit: () => post('/exit') });
