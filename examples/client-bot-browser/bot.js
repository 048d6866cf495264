// The bot of the client library in a real browser. This program serves a page, which is the bot, and opens it in
// Chromium; the page speaks with the kit by itself.
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { pagesOf } from '../browser-chat/pages.js';
import { shortTimers } from '../client-bot-js/words.js';
import { openChromium } from './chromium.js';

const { IM_URL: url, IM_TOKEN: token, DATA_DIR: data } = process.env;
/** The last of several tabs is the bot; the others hold the connection for it, as other tabs of a person do. */
const tabs = process.argv.includes('--two-tabs') ? 2 : 1;
/** A name of its own, so that the database of the page is the same after a restart, whatever the port is then. */
const HOST = 'bot.localhost';
const fail = (text) => {
  console.error(text);
  process.exit(1);
};

if (!url || !token || !data) fail('IM_URL, IM_TOKEN and DATA_DIR are needed: the kit sets them.');

let opened = 0;
let isEnding = false;
const end = () => {
  isEnding = true;
  browser.close();
};
const open = () => {
  opened += 1;
  browser.open(`http://${HOST}/?${opened === tabs ? 'bot' : 'tab'}`);
};
const answers = {
  '/options': () => ({ url, token, timers: shortTimers() }),
  '/connected': () => {
    if (opened < tabs) open();
  },
  '/exit': end,
  '/error': fail,
};

const folders = ['.', '../client-bot-js'].map((folder) => fileURLToPath(new URL(folder, import.meta.url)));
const web = createServer(pagesOf(folders, answers));
await new Promise((resolve) => web.listen(0, '127.0.0.1', resolve));
const browser = openChromium(data, HOST, web.address().port, (lastWords) => {
  if (isEnding) process.exit(0);
  fail(`the browser has ended by itself: ${lastWords}`);
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, end);
open();
