// The bot of the client library `im-conformance/client`: it does what the kit says by the words of the contract, and it
// uses nothing but the public API.
import { connect, DEFAULT_CLIENT_TIMERS } from 'im-conformance/client';
import { connectBot, doWords } from './talk.js';
import { shortTimers } from './words.js';

const { IM_URL: url, IM_TOKEN: token, DATA_DIR: storage } = process.env;
const timers = { ...DEFAULT_CLIENT_TIMERS, ...shortTimers() };
const bot = await connectBot(connect, { url, token, storage, timers });
await doWords(bot, { timers, can: ['status', 'ping', 'disconnect'], exit: () => process.exit(0) });
