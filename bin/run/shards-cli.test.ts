import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { type Report, ReportSchema } from '../../schemas/index.js';
import { packageRoot } from '../../src/package-root.js';
import { validator } from '../../src/wire/index.js';
import { FILES, type Outcome, run } from './testing/run-kit.js';

const BOT = `"${process.execPath}" "${join(packageRoot, 'examples', 'bare-client-js', 'client.js')}"`;

const idsOf = ({ report }: Outcome): string[] => report?.scenarios.map(({ id }) => id) ?? [];

t.test('shards of a run are played apart and merged, for both roles', async (t) => {
  const roles = [
    { name: 'server', words: ['--only', 'server/core/plain*', '--only', 'server/core/late*'] },
    { name: 'client', words: ['client', '--exec', BOT, '--only', 'client/core/no-p*', '--class', 'core'] },
  ];
  for (const { name, words } of roles) {
    const folder = t.testdir({ whole: { ...FILES }, '1': { ...FILES }, '2': { ...FILES }, merged: { ...FILES } });
    const list = await run({
      words: [...words, '--list'],
      folder: join(folder, 'whole'),
    });
    const all = list.stdout.split('\n').flatMap((line) => (line === '' ? [] : [line.split('\t')[0] ?? '']));
    t.ok(all.length >= 2, `${name}: ${all.length} scenarios`);
    const shards = await Promise.all(
      [1, 2].map((number) =>
        run({ words: [...words, '--shard', `${number}/2`, '-q'], folder: join(folder, `${number}`) }),
      ),
    );
    t.same(shards.flatMap(idsOf).sort(), all.sort(), `${name}: each in exactly one`);
    const files = shards.map(({ folder: own }) => join(own, 'report.json'));
    const merged = await run({ words: ['merge-reports', ...files, '-q'], folder: join(folder, 'merged') });
    t.same(validator(ReportSchema)(merged.report), [], name);
    t.same(idsOf(merged), all, name);
    t.equal(merged.code, Math.max(...shards.map(({ code }) => code ?? 99)), `${name}: ${merged.stderr}`);
    const wrong = await run({ words: ['merge-reports', ...files.slice(1)], folder: join(folder, 'merged') });
    t.match(wrong, { code: 2, stderr: /shard 1 of 2 is missing/ }, name);
    const page = JSON.parse(readFileSync(files[0] as string, 'utf8')) as Report;
    t.match(page.shard, { number: 1, of: 2, scenarios: all.length }, name);
  }
});
