import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { build } from 'esbuild';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import type { Test } from 'tap';
import { CHROMIUM_FLAGS, chromiumPath } from '../../../harness/testing/chromium.js';
import { packageRoot } from '../../../package-root.js';

/** Runs in the page: a client in `client`, what it was told in `told`. */
const PAGE = `<!doctype html><title>client</title><link rel="icon" href="data:,"><script type="module">
import * as library from './client.js';
const { url, token, timers } = JSON.parse(decodeURIComponent(location.hash.slice(1)));
globalThis.library = library;
globalThis.told = [];
const onStatus = ({ msgId, status }) => void told.push([msgId, status]);
globalThis.client = await library.connect({ url, token, timers, storage: token, onStatus });
</script>`;

const bundled = async (): Promise<string> => {
  const { outputFiles } = await build({
    entryPoints: [join(packageRoot, 'src', 'reference', 'client', 'browser.ts')],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    logLevel: 'silent',
  });
  return outputFiles[0]?.text ?? '';
};

export interface ClientPages {
  readonly context: BrowserContext;
  /** Another tab, with a client that has joined the others or holds the connection. */
  open(): Promise<Page>;
}

/** Waits for the client of a page that was opened or loaded again. */
export const awaitClient = async (page: Page): Promise<Page> => {
  await page.waitForFunction('globalThis.client !== undefined');
  return page;
};

/** A browser on a profile in that folder, whose pages are clients of that server. It ends with the test. */
export const openClientPages = async (t: Test, profile: string, options: object): Promise<ClientPages> => {
  const script = await bundled();
  const web = createServer((request, response) => {
    const isScript = request.url === '/client.js';
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
    response.end(isScript ? script : PAGE);
  });
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: chromiumPath(),
    args: [...CHROMIUM_FLAGS, '--disable-background-timer-throttling'],
  });
  t.teardown(async () => {
    await context.close();
    web.close();
    web.closeAllConnections();
  });
  const address = `http://127.0.0.1:${(web.address() as AddressInfo).port}/#${encodeURIComponent(JSON.stringify(options))}`;
  return {
    context,
    open: async () => {
      const page = await context.newPage();
      page.on('pageerror', (error) => t.fail(error.message));
      await page.goto(address);
      return await awaitClient(page);
    },
  };
};
