import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Browser, chromium, type Page } from 'playwright-core';
import t, { type Test } from 'tap';
import { CHROMIUM_FLAGS, chromiumPath, skipWithoutChromium as skip } from '../../src/harness/testing/chromium.js';
import { packageRoot } from '../../src/package-root.js';

const PROGRAM = join(packageRoot, 'examples', 'browser-chat', 'start.js');
const TIMEOUT_MS = 300_000;
const PATIENCE_MS = 30_000;
const DESKTOP = { width: 1_200, height: 800 };
const PHONE = { width: 390, height: 780 };

t.setTimeout(TIMEOUT_MS);

let browser: Browser;
t.before(async () => {
  if (skip === false) browser = await chromium.launch({ executablePath: chromiumPath(), args: CHROMIUM_FLAGS });
});
t.teardown(() => browser?.close());

/** The chat as its one command starts it: the addresses that it prints. */
const startChat = async (t: Test): Promise<Record<'alice' | 'bob', string>> => {
  const words = [PROGRAM, '--port', '0', '--short', '--data', t.testdir()];
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  t.teardown(async () => {
    child.kill('SIGTERM');
    const [code] = await ended;
    if (code !== 0) throw new Error(`it ended with ${code} when it was asked to`);
  });
  const found: Record<string, string> = {};
  for await (const line of createInterface(child.stdout)) {
    const [, name, address] = /^(\w+) writes at +(\S+)$/.exec(line) ?? [];
    if (name !== undefined && address !== undefined) found[name] = address;
    if (found.alice && found.bob) return { alice: found.alice, bob: found.bob };
  }
  throw new Error('the command printed no addresses');
};

type Look = Parameters<Browser['newContext']>[0];

/** A person with a browser of their own. */
const enter = async (t: Test, address: string, look: Look = { viewport: DESKTOP }): Promise<Page> => {
  const context = await browser.newContext(look);
  t.teardown(() => context.close());
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  page.on('pageerror', (error) => t.fail(error.message));
  await page.goto(address);
  await online(page);
  return page;
};

const online = (page: Page) => page.locator('#connection[data-state=online]').waitFor();
const write = async (page: Page, ...bodies: string[]): Promise<void> => {
  for (const body of bodies) {
    await page.getByLabel('Message', { exact: true }).fill(body);
    await page.keyboard.press('Enter');
  }
};
const message = (page: Page, body: string) => page.locator('.message', { hasText: body });
/** Waits until a message that this person wrote has come to that state. */
const state = (page: Page, body: string, wanted: string) =>
  message(page, body).locator('.state', { hasText: wanted }).waitFor();
const bodiesOn = (page: Page) => page.locator('.message .body').allInnerTexts();

t.test(
  'two people write to each other over a bad line: states and messages are right, each once',
  { skip },
  async (t) => {
    const chat = await startChat(t);
    const alice = await enter(t, chat.alice);
    let bob = await enter(t, chat.bob, { viewport: PHONE });

    await write(alice, 'Lunch at noon?');
    await state(alice, 'Lunch at noon?', 'delivered');
    await write(bob, 'Yes <b>please</b>');
    await state(bob, 'Yes <b>please</b>', 'delivered');
    t.equal(await alice.locator('.body b').count(), 0, 'what others write is text');

    await alice.getByRole('button', { name: 'Lose 3 packets' }).click();
    t.match(await alice.locator('#losing').innerText(), '3 packets');
    await write(alice, 'Over a bad line');
    await state(alice, 'Over a bad line', 'delivered');
    t.equal(await alice.locator('#packets .lost').count(), 3, 'one sees what was lost');
    t.equal(await alice.locator('#losing').innerText(), '');
    t.match(await message(alice, 'Over a bad line').innerText(), /sent \d times/, 'and the repair');

    await bob.getByRole('button', { name: 'Lose 3 packets' }).click();
    await write(alice, 'Your turn to lose');
    await state(alice, 'Your turn to lose', 'delivered');

    await alice.getByRole('button', { name: 'Cut the line' }).click();
    await write(alice, 'After the cut');
    await state(alice, 'After the cut', 'delivered');

    await alice.getByRole('switch', { name: 'Offline' }).check();
    await write(alice, 'From the tunnel 1', 'From the tunnel 2');
    await state(alice, 'From the tunnel 1', 'waiting');
    await alice.reload();
    await state(alice, 'From the tunnel 1', 'waiting');
    await state(alice, 'From the tunnel 2', 'waiting');
    t.equal(await alice.locator('#connection').innerText(), 'offline');
    await alice.getByRole('switch', { name: 'Offline' }).uncheck();
    await state(alice, 'From the tunnel 2', 'delivered');

    // Without a page bob is away: the server keeps his messages.
    await bob.goto('about:blank');
    await write(alice, 'Where are you?');
    await state(alice, 'Where are you?', 'stored');
    await bob.goto(chat.bob);
    await state(alice, 'Where are you?', 'delivered');

    const wanted = [
      ...['Lunch at noon?', 'Yes <b>please</b>', 'Over a bad line', 'Your turn to lose', 'After the cut'],
      ...['From the tunnel 1', 'From the tunnel 2', 'Where are you?'],
    ];
    t.same(await bodiesOn(alice), wanted);
    t.same(await bodiesOn(bob), wanted, 'each once and in order');
    for (const page of [alice, bob]) {
      await page.reload();
      await online(page);
      t.same(await bodiesOn(page), wanted, 'the same after the page was loaded again');
    }
    t.same(new Set(await alice.locator('.mine .state-text').allInnerTexts()), new Set(['delivered']));

    // A second window of the same person shares the device.
    const second = await alice.context().newPage();
    await second.goto(chat.alice);
    await write(second, 'From the second window');
    await state(second, 'From the second window', 'delivered');
    await state(alice, 'From the second window', 'delivered');
    await alice.close();
    await write(second, 'The first one is closed');
    await state(second, 'The first one is closed', 'delivered');
    bob = await bob.context().newPage();
    await bob.goto(chat.bob);
    await message(bob, 'The first one is closed').waitFor();
    t.same(await bodiesOn(bob), [...wanted, 'From the second window', 'The first one is closed']);
  },
);

/** The ratio of WCAG between the colours of an element and of what lies behind it. */
const CONTRAST = `(element) => {
  const channels = (text) => text.match(/[\\d.]+/g).map(Number);
  let behind = element;
  while (behind && (channels(getComputedStyle(behind).backgroundColor)[3] ?? 1) === 0) behind = behind.parentElement;
  const light = (text) => {
    const [r, g, b] = channels(text).map((value) => value / 255)
      .map((value) => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const [a, b] = [getComputedStyle(element).color, getComputedStyle(behind).backgroundColor].map(light);
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}`;

for (const colorScheme of ['light', 'dark'] as const) {
  t.test(
    `people who see little, use the keyboard or a phone: ${colorScheme}`,
    { skip, timeout: TIMEOUT_MS },
    async (t) => {
      const chat = await startChat(t);
      const page = await enter(t, chat.alice, { viewport: { width: 320, height: 640 }, colorScheme });
      await enter(t, chat.bob);
      t.equal(await page.evaluate('document.documentElement.scrollWidth'), 320, 'nothing is wider than a small phone');
      t.equal(await page.locator('h1:visible').count(), 1);
      t.equal(await page.locator('#said[role=status]').count(), 1, 'changes are told');
      t.equal(await page.locator('[role=log][aria-label]').count(), 1, 'and messages that come');

      const stops: string[] = [];
      for (let stop = 0; stop < 7; stop += 1) {
        await page.keyboard.press('Tab');
        stops.push(
          (await page.evaluate('document.activeElement.id || document.activeElement.textContent.trim()')) as string,
        );
        t.ok(
          await page.evaluate(
            '[document.activeElement, document.activeElement.nextElementSibling].some((one) => one && getComputedStyle(one).outlineStyle !== "none")',
          ),
          `one sees that ${stops.at(-1)} has the focus`,
        );
      }
      t.match(
        stops.join(' | '),
        /^offline \| lose \| cut \| Packets.* \| talk \| body \| Send$/s,
        'from top to bottom',
      );

      await page.getByRole('button', { name: 'Lose 3 packets' }).focus();
      await page.keyboard.press('Space');
      await page.locator('summary').focus();
      await page.keyboard.press('Enter');
      await page.getByRole('textbox').focus();
      await page.keyboard.type('With the keyboard alone');
      await page.keyboard.press('Enter');
      await state(page, 'With the keyboard alone', 'delivered');
      t.match(await page.locator('#said').innerText(), 'delivered: With the keyboard alone');

      for (const selector of [
        ...['h1', '#connection', '.mine .body', '.mine time', '.mine .state', 'summary', '#lose', 'label.switch'],
        ...['#composer button', '#packets .type', '#packets .note', '#packets .lost .type'],
      ]) {
        const ratio = (await page.evaluate(`(${CONTRAST})(document.querySelector('${selector}'))`)) as number;
        t.ok(ratio >= 4.5, `${selector} can be read: ${ratio.toFixed(1)} to 1`);
      }
      const small = await page.evaluate(
        '[...document.querySelectorAll("#chat button, label.switch")].filter((one) => one.offsetHeight > 0 && one.offsetHeight < 44).length',
      );
      t.equal(small, 0, 'a finger hits every control');
    },
  );
}

t.test('a wrong option is explained', async (t) => {
  for (const [words, told] of [
    [['--prot', '1'], /prot.*--port N/s],
    [['--port', 'many'], /--port is "many"/],
  ] as const) {
    const { status, stderr } = spawnSync(process.execPath, [PROGRAM, ...words], {
      encoding: 'utf8',
      timeout: PATIENCE_MS,
    });
    t.equal(status, 2);
    t.match(stderr, told);
  }
});

t.test('a page without names asks for them', { skip, timeout: TIMEOUT_MS }, async (t) => {
  const { alice } = await startChat(t);
  const context = await browser.newContext({ viewport: PHONE });
  t.teardown(() => context.close());
  const page = await context.newPage();
  await page.goto(new URL('/', alice).href);
  await page.getByLabel('Your name').fill('carol');
  await page.getByLabel('You write to').fill('dave');
  await page.getByRole('button', { name: 'Open the chat' }).click();
  await online(page);
  t.equal(await page.locator('h1:visible').innerText(), 'dave');
});
