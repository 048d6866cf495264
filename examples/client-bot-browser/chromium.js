// Starts Chromium without a window, on a profile of its own.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
/** A browser that does not end when it is asked to is killed. */
const END_BOUND_MS = 3_000;
/** So much of what it complains of is told when it ends by itself. */
const LAST_CHARACTERS = 1_000;

const FLAGS = [
  '--headless=new',
  // Through this pipe it is told what to open. It ends when the pipe ends, so it never outlives this program.
  '--remote-debugging-pipe',
  '--no-first-run',
  '--no-default-browser-check',
  '--no-proxy-server',
  '--disable-gpu',
  '--disable-breakpad',
  '--disable-extensions',
  '--disable-sync',
  '--disable-component-update',
  '--disable-background-networking',
  '--password-store=basic',
  // A tab that nobody looks at keeps its timers: the kit judges pauses by what the bot declares.
  '--disable-background-timer-throttling',
  '--disable-renderer-backgrounding',
  '--disable-backgrounding-occluded-windows',
];

/**
 * The browser is a child in the same process group: who kills or freezes the group has the whole browser. All its files are
 * in the folder `data`. `host` is the name under which pages of 127.0.0.1:`port` are opened. `onEnd` is called at its end
 * with its last words.
 */
export const openChromium = (data, host, port, onEnd) => {
  const program = process.env.CHROMIUM ?? PLACES.find(existsSync) ?? 'chromium';
  const flags = [
    ...FLAGS,
    `--user-data-dir=${join(data, 'profile')}`,
    `--host-resolver-rules=MAP ${host}:80 127.0.0.1:${port}`,
    // The sandbox of Chromium does not work for root, who is the user of most containers.
    ...(process.getuid?.() === 0 ? ['--no-sandbox', '--no-zygote'] : []),
    'about:blank',
  ];
  // A browser that is killed leaves temporary files: they go with the folder.
  const temporary = join(data, 'tmp');
  mkdirSync(temporary, { recursive: true });
  const browser = spawn(program, flags, {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
    env: { ...process.env, TMPDIR: temporary },
  });
  let said = '';
  browser.stderr.on('data', (chunk) => {
    said = (said + chunk).slice(-LAST_CHARACTERS);
  });
  browser.on('error', (error) => onEnd(`${error.message}. CHROMIUM names another browser.`));
  browser.on('exit', () => onEnd(said));
  const [, , , commands, answers] = browser.stdio;
  for (const pipe of [commands, answers]) pipe.on('error', () => {});
  answers.resume();

  let id = 0;
  const command = (method, params = {}) => {
    id += 1;
    commands.write(`${JSON.stringify({ id, method, params })}\0`);
  };
  return {
    open: (url) => command('Target.createTarget', { url }),
    close: () => {
      command('Browser.close');
      setTimeout(() => browser.kill('SIGKILL'), END_BOUND_MS).unref();
    },
  };
};
