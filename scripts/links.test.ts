import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { packageRoot } from '../src/package-root.js';
import { brokenLinks } from './links.js';

t.test('a link that leads nowhere is told, and no other', async (t) => {
  const pages = new Map([
    ['README.md', 'See [a](docs/a.md#two-words), [folder](docs/), [web](https://example.org/x) and [me](#top).\n# Top'],
    [
      'docs/a.md',
      '[back](../README.md) [gone](gone.md) [no heading](../README.md#gone)\n## Two words\n```\n[x](y.md)\n```',
    ],
  ]);
  t.same(brokenLinks(pages, [...pages.keys()]), ['docs/a.md: gone.md', 'docs/a.md: ../README.md#gone']);
});

t.test('every link between the pages of this project leads somewhere', async (t) => {
  const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: packageRoot,
    encoding: 'utf8',
  })
    .trim()
    .split('\n');
  const pages = files.filter((file) => file.endsWith('.md'));
  t.ok(pages.length > 20, `${pages.length} pages`);
  const texts = new Map(pages.map((page) => [page, readFileSync(join(packageRoot, page), 'utf8')]));
  t.same(brokenLinks(texts, files), []);
});
