import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import type { Test } from 'tap';
import { CHROMIUM_FLAGS, chromiumPath, skipWithoutChromium } from '../../harness/testing/chromium.js';

export { skipWithoutChromium as skipWithoutBrowser } from '../../harness/testing/chromium.js';

/** How the reader looks at a page: width, dark or light, with script or without. */
export type Look = Parameters<Browser['newContext']>[0];

/**
 * One browser for the tests of a file, which ends with them. What it returns opens a page from the disk, as a person does;
 * everything that the page loads beside itself, or that goes wrong in it, fails the test.
 */
export const useBrowser = (root: Pick<Test, 'before' | 'teardown'>) => {
  let browser: Browser | undefined;
  root.before(async () => {
    if (skipWithoutChromium !== false) return;
    browser = await chromium.launch({ executablePath: chromiumPath(), args: CHROMIUM_FLAGS });
  });
  root.teardown(async () => browser?.close());
  return async (t: Test, html: string, look: Look = {}): Promise<Page> => {
    if (browser === undefined) throw new Error('the browser is not there');
    const file = join(t.testdir({}), 'report.html');
    writeFileSync(file, html);
    const context = await browser.newContext({ viewport: { width: 1_200, height: 900 }, ...look });
    t.teardown(() => context.close());
    const page = await context.newPage();
    const address = pathToFileURL(file).href;
    page.on('request', (request) =>
      t.ok(request.url() === address, `nothing is loaded: ${request.url().slice(0, 80)}`),
    );
    page.on('pageerror', (error) => t.fail(error.message));
    page.on('console', (message) => t.fail(message.text()));
    page.on('dialog', (dialog) => t.fail(dialog.message()));
    await page.goto(address);
    return page;
  };
};
