// Serves the files of a folder, and beside them the client library as a page imports it, without a bundler.
import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('.', import.meta.resolve('im-conformance/package.json')));
const { exports, bin } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));

/** The command line of the kit. */
export const KIT = join(root, bin['im-conformance']);

const TYPES = { '.html': 'text/html', '.css': 'text/css', '.js': 'text/javascript' };
/** No dots but the last one, so no path leads out of its folder. */
const FILE = /^\/([\w-]+\.(?:html|css|js))$/;
const LIBRARY = /^\/library\/((?:[\w-]+\/)+[\w-]+\.js)$/;
/** The whole library for a page: `import { connect } from './client.js'`. */
const CLIENT = `export * from './library/${exports['./client'].browser.replace('./', '')}';\n`;

const read = async (path, folders) => {
  if (path === '/client.js') return CLIENT;
  const [, part] = LIBRARY.exec(path) ?? [];
  if (part !== undefined) return await readFile(join(root, part));
  const [, name] = FILE.exec(path) ?? [];
  for (const folder of name === undefined ? [] : folders) {
    const text = await readFile(join(folder, name)).catch(() => undefined);
    if (text !== undefined) return text;
  }
  throw new Error(`no such file: ${path}`);
};

/**
 * What a web server of Node calls for each request. `answers` are functions by their path; each gets the body of the
 * request and returns what is sent back as JSON.
 */
export const pagesOf =
  (folders, answers = {}) =>
  async (request, response) => {
    try {
      const { pathname } = new URL(request.url, 'http://page/');
      const answer = answers[pathname];
      if (answer !== undefined) {
        const body = Buffer.concat(await request.toArray()).toString();
        response.setHeader('content-type', 'application/json').end(JSON.stringify((await answer(body)) ?? null));
        return;
      }
      const path = pathname === '/' ? '/index.html' : pathname;
      const text = await read(path, folders);
      const type = `${TYPES[extname(path)]}; charset=utf-8`;
      response.writeHead(200, { 'content-type': type, 'cache-control': 'no-cache' }).end(text);
    } catch {
      response.writeHead(404).end();
    }
  };
