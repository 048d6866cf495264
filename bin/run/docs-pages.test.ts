import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import t from 'tap';
import { parse } from 'yaml';
import { OPTIONS } from '../../src/options/option-table.js';
import { packageRoot } from '../../src/package-root.js';
import { buildProgram } from '../program.js';

/** Pages for users. */
const PAGES = [
  'README.md',
  ...readdirSync(join(packageRoot, 'docs')).flatMap((name) => (name.endsWith('.md') ? [`docs/${name}`] : [])),
];
const read = (page: string): string => readFileSync(join(packageRoot, page), 'utf8');

const commandsOf = (command: Command): Command[] => [command, ...command.commands.flatMap(commandsOf)];

const KNOWN = new Set(commandsOf(buildProgram()).flatMap(({ options }) => options.map(({ long }) => long)));
/** Of other programs that the pages use, such as a bot, redis and etcd, and of the scripts of this project. */
const OF_OTHERS = new Set([
  '--help',
  '--port',
  '--data',
  '--write',
  '--short',
  '--cluster-runs',
  '--shards',
  '--save-dev',
  '--timeout',
  '--dir',
  '--id',
  '--peers',
  '--auto-compaction-retention',
  '--store',
  ...['--appendonly', '--appendfsync'],
  ...['--name', '--data-dir', '--listen-client-urls', '--advertise-client-urls', '--listen-peer-urls'],
  ...['--initial-advertise-peer-urls', '--initial-cluster'],
  ...['--force-recreate', '--renew-anon-volumes'],
]);

t.test('every option has a line on the page of options', async (t) => {
  const page = read('docs/options.md');
  for (const { name } of OPTIONS) t.ok(page.includes(`\`--${name}`), `--${name}`);
});

t.test('the pages name only options that there are', async (t) => {
  for (const page of PAGES) {
    for (const [option] of read(page).matchAll(/(?<![\w-])--[a-z][a-z-]+/g)) {
      t.ok(KNOWN.has(option) || OF_OTHERS.has(option), `${page}: ${option}`);
    }
  }
});

t.test('the configuration that the page of options shows has only members that are options', async (t) => {
  const [, text = ''] = /```yaml\n([\s\S]*?)```/.exec(read('docs/options.md')) ?? [];
  const members = Object.keys(parse(text) as object);
  t.ok(members.length >= 3);
  const names = OPTIONS.map(({ name }) => name);
  t.same(
    members.filter((member) => !names.includes(member)),
    [],
  );
});
