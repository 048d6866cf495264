import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { FIELDS } from '../src/embed/fields.js';
import { packageRoot } from '../src/package-root.js';
import { API_PAGES, apiPages } from './api-pages.js';

const { pages, problems } = apiPages();

t.test('everything that the package exports has a docstring, and names only what can be imported', async (t) => {
  t.strictSame(problems, []);
});

t.test('the pages say what the docstrings say; npm run generate renews them', async (t) => {
  for (const [file, text] of pages) t.equal(readFileSync(join(packageRoot, file), 'utf8'), text, file);
});

/** What a page has a heading for, beside types. */
const valuesOf = (page: string): string[] => {
  const [values = ''] = page.split('\n## Types');
  return [...values.matchAll(/^### (\w+)$/gm)].map(([, name = '']) => name);
};

t.test('what can be imported is what the pages describe, and nothing else', async (t) => {
  const { exports } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as {
    exports: Record<string, { default: string }>;
  };
  for (const { file, title } of API_PAGES) {
    const path = exports[title.replace('im-conformance', '.')]?.default ?? '';
    const module = (await import(join(packageRoot, path))) as object;
    t.strictSame(Object.keys(module).sort(), valuesOf(pages.get(file) ?? '').sort(), title);
  }
});

t.test('every option of a run is on the page, and no other', async (t) => {
  const [, section = ''] = (pages.get('docs/api/index.md') ?? '').split('### ConformanceOptions\n');
  const [rows = ''] = section.split('\n### ');
  const members = [...rows.matchAll(/^\| `(\w+)\?`/gm)].map(([, name]) => name);
  t.strictSame(members.sort(), ['role', ...FIELDS.keys(), 'signal'].sort());
});
