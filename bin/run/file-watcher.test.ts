import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import t from 'tap';
import { KitError } from '../../src/errors.js';
import { FileWatcher } from './file-watcher.js';

const BOUND_MS = 20_000;

t.test('what changes below a path is told, once it is quiet; what the kit writes is not', async (t) => {
  const folder = t.testdir({
    src: { 'a.js': 'a', deep: { 'b.js': 'b' }, node_modules: { 'c.js': 'c' } },
    'report.json': '',
    'lonely.js': '',
  });
  const at = (...names: string[]) => join(folder, ...names);
  const rows: [name: string, paths: string[], change: () => void, expected: string[]][] = [
    ['a file', ['src'], () => writeFileSync(at('src', 'a.js'), 'longer'), ['src/a.js']],
    ['a file below', ['src'], () => writeFileSync(at('src', 'deep', 'b.js'), 'longer'), ['src/deep/b.js']],
    ['a new file', ['src'], () => writeFileSync(at('src', 'new.js'), ''), ['src/new.js']],
    ['one that is gone', ['src'], () => rmSync(at('src', 'new.js')), ['src/new.js']],
    [
      'replaced, as editors do',
      ['lonely.js'],
      () => {
        writeFileSync(at('lonely.tmp'), 'longer');
        renameSync(at('lonely.tmp'), at('lonely.js'));
      },
      ['lonely.js'],
    ],
    [
      'a new folder',
      ['src'],
      () => {
        mkdirSync(at('src', 'fresh'));
        writeFileSync(at('src', 'fresh', 'd.js'), '');
      },
      ['src/fresh/d.js'],
    ],
    [
      'only what is no report and nothing installed',
      ['.'],
      () => {
        writeFileSync(at('report.json'), 'longer');
        writeFileSync(at('report.json.part'), 'longer');
        writeFileSync(at('src', 'node_modules', 'c.js'), 'longer');
        writeFileSync(at('src', 'a.js'), 'longer again');
      },
      ['src/a.js'],
    ],
  ];
  for (const [name, paths, change, expected] of rows) {
    const watcher = new FileWatcher(
      paths.map((path) => at(path)),
      [at('report.json')],
    );
    change();
    const files = await watcher.next(AbortSignal.timeout(BOUND_MS));
    watcher.close();
    t.same(
      files?.map((file) => relative(folder, file)),
      expected,
      name,
    );
  }
});

t.test('an end of the wait, and paths that cannot be watched', async (t) => {
  const folder = t.testdir({ 'a.js': '' });
  const watcher = new FileWatcher([folder]);
  const controller = new AbortController();
  const next = watcher.next(controller.signal);
  controller.abort();
  t.equal(await next, undefined);
  watcher.close();
  t.throws(() => new FileWatcher([join(folder, 'gone')]), KitError);
});
