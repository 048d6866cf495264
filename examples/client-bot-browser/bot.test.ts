import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { runSuite } from '../../src/harness/index.js';
import { skipWithoutChromium as skip } from '../../src/harness/testing/chromium.js';
import { packageRoot } from '../../src/package-root.js';

const TIMEOUT_MS = 300_000;
t.setTimeout(TIMEOUT_MS);

const bot = join(packageRoot, 'examples', 'client-bot-browser', 'bot.js');

/**
 * Each side, what a kill of the browser leaves, and each way in which a line ends. No kill in full traffic: Chromium loses
 * its whole database now and then when it is killed while it writes, and no page can prevent that.
 */
const SAMPLE = [
  'client/core/{many-cuts,silence,server-gone,replaced,refusals#not-found,token-expired}',
  'client/sender/{plain,offline,backlog,busy#busy.later}',
  'client/receiver/{plain,pushed-twice-at-once,freeze}',
  'client/durable/{exit,kill-after-the-end,new-messages-after-a-kill,refused-over-a-kill,twice-killed}',
];
/** What a tab does for another one. */
const OF_TWO_TABS = [
  'client/sender/{plain,offline}',
  'client/receiver/{plain,many}',
  'client/durable/{exit,twice-killed}',
];

/** Processes of which this text is an argument. */
const processesOn = (text: string): string[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/cmdline`, 'utf8')];
      } catch {
        return [];
      }
    })
    .filter((command) => command.includes(text));

for (const [name, flags, only] of [
  ['a page in Chromium', '', SAMPLE],
  ['the second of two tabs', ' --two-tabs', OF_TWO_TABS],
] as const) {
  t.test(`${name} passes what it claims, and no browser is left`, { skip, timeout: TIMEOUT_MS }, async (t) => {
    const before = process.env.TMPDIR;
    // Short: the path of a socket of the browser has few characters.
    const folder = mkdtempSync(join(tmpdir(), 'im-browser-'));
    process.env.TMPDIR = folder;
    t.teardown(() => {
      rmSync(folder, { recursive: true, force: true });
      if (before === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = before;
    });
    const report = await runSuite(
      {
        role: 'client',
        exec: `exec "${process.execPath}" "${bot}" --short${flags}`,
        only: [...only],
        skip: [],
        headers: {},
        allowUnproven: false,
        seed: 'browser',
        concurrency: 2,
        instances: 1,
        patienceMs: 1_500,
        replayArguments: [],
      },
      {},
      new AbortController().signal,
    );
    t.strictSame(report.subject.classes, ['core', 'sender', 'receiver', 'durable']);
    const wrong = report.scenarios.filter(({ verdict }) => verdict !== 'passed' && verdict !== 'not-applicable');
    t.strictSame(
      wrong.map(({ id, verdict, reason, violations }) => ({ id, verdict, reason, violations })),
      [],
    );
    t.strictSame(report.problems, []);
    t.equal(report.exitCode, 0);
    t.ok(report.summary.passed >= only.length * 2, `${report.summary.passed} scenarios passed`);
    t.strictSame(processesOn(folder), [], 'no browser runs on a folder of this run');
    t.strictSame(readdirSync(folder), [], 'and no folder is left');
  });
}
