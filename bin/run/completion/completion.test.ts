import { spawnSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { packageRoot } from '../../../src/package-root.js';
import { buildProgram } from '../../program.js';
import { bashScript } from './bash.js';
import { fishScript } from './fish.js';
import { completedCommands } from './model.js';
import { zshScript } from './zsh.js';

const BOUND_MS = 60_000;
const PROGRAM = join(packageRoot, 'dist', 'bin', 'im-conformance.js');
const commands = completedCommands(buildProgram());

/** What a person has typed up to the cursor; words that must be offered, and some that must not. */
type Row = [typed: string[], offered: string[], notOffered: string[]];
const ROWS: readonly Row[] = [
  [[''], ['client', 'explain', 'merge-reports', 'completion'], ['--only']],
  [['me'], ['merge-reports'], ['client']],
  [['--re'], ['--report', '--repeat', '--requirements'], ['--only', 'report']],
  [['--shard', '1/2', '--upd'], ['--update-baseline'], ['--only']],
  [['--report', 'j'], ['json', 'junit'], ['html']],
  [['--class', 'du'], ['durable'], ['sender', 'core']],
  [['client', '--ro'], ['--role'], ['--only']],
  [['client', '--class', 's'], ['sender'], ['secured']],
  [['--only', 'server/core/plain'], ['server/core/plain-exchange'], ['server/core/ack-hundred-times']],
  [['explain', 'IM-4.2-'], ['IM-4.2-6'], ['IM-1-1']],
  [['check', 'known'], ['known.txt'], ['other.txt']],
  [['--baseline', 'known'], ['known.txt'], ['other.txt']],
  // The value of an option is no command, even if it is called like one.
  [['--seed', 'check', '--on'], ['--only'], []],
  [['completion', 'f'], ['fish'], ['zsh']],
];

const missing = (shell: string): boolean => spawnSync(shell, ['--version'], { timeout: BOUND_MS }).status !== 0;

/** Words in a shell's quotes. */
const inQuotes = (words: readonly string[]): string => words.map((word) => `'${word}'`).join(' ');

const ASK: Readonly<Record<string, (script: string, typed: readonly string[]) => string>> = {
  bash: (script, typed) =>
    `${script}\nCOMP_WORDS=(im-conformance ${inQuotes(typed)}); COMP_CWORD=${typed.length}; _im_conformance; printf '%s\\n' "\${COMPREPLY[@]}"`,
  // What the system of completions of zsh would do with the words is left out: they are printed.
  zsh: (script, typed) =>
    [
      'compdef() { : }; compset() { : }',
      `compadd() { while [[ $1 != -- ]]; do shift; done; shift; print -l -- \${(M)@:#$PREFIX*} }`,
      `_describe() { local -a all; local name=$@[-1]; all=(\${(P)name}); print -l -- \${(M)\${all%%:*}:#$PREFIX*} }`,
      '_files() { print -l -- $PREFIX*(N) }',
      script,
      `words=(im-conformance ${inQuotes(typed)}); CURRENT=${typed.length + 1}; PREFIX=$words[CURRENT]; _im_conformance`,
    ].join('\n'),
  fish: (script, typed) =>
    `${script}\ncomplete -C ${`"im-conformance ${typed.map((word) => (word === '' ? '' : word)).join(' ')}"`} | string split -f1 \\t`,
};

const offers = (t: Test, shell: string, script: string): void => {
  const folder = t.testdir({
    'known.txt': '',
    'other.txt': '',
    bin: { 'im-conformance': `#!/bin/sh\nexec "${process.execPath}" "${PROGRAM}" "$@"\n` },
  });
  chmodSync(join(folder, 'bin', 'im-conformance'), 0o755);
  const env = { ...process.env, PATH: `${join(folder, 'bin')}:${process.env.PATH}`, HOME: folder };
  const rc = shell === 'bash' ? ['--noprofile', '--norc'] : shell === 'zsh' ? ['-f'] : ['--no-config'];
  for (const [typed, offered, notOffered] of ROWS) {
    const words = [...rc, '-c', ASK[shell]?.(script, typed) ?? ''];
    const { stdout, stderr } = spawnSync(shell, words, { cwd: folder, env, encoding: 'utf8', timeout: BOUND_MS });
    const said = stdout.split('\n').map((line) => line.trim());
    t.same(
      offered.filter((word) => !said.includes(word)),
      [],
      `${shell}: ${typed.join(' ')}: ${stderr}`,
    );
    t.same(
      notOffered.filter((word) => said.includes(word)),
      [],
      `${shell}: ${typed.join(' ')} offers nothing else`,
    );
  }
};

const SCRIPTS = { bash: bashScript(commands), zsh: zshScript(commands), fish: fishScript(commands) };

for (const [shell, script] of Object.entries(SCRIPTS)) {
  const lacks = missing(shell);
  const skip = lacks && process.env.IM_REQUIRE_ALL !== '1' && `${shell} is missing: apt-get install -y ${shell}`;
  t.test(`completion in ${shell}`, { skip }, (t) => {
    if (lacks) t.fail(`${shell} is missing, and IM_REQUIRE_ALL=1 allows no skip`);
    else offers(t, shell, script);
    t.end();
  });
}

t.test('every command and option of the program is in every script', (t) => {
  for (const [shell, script] of Object.entries(SCRIPTS)) {
    for (const { name, options } of commands) {
      t.ok(script.includes(name), `${shell}: ${name}`);
      for (const { flags } of options) {
        const [long = ''] = flags;
        t.ok(script.includes(shell === 'fish' ? `-l ${long.slice(2)}` : long), `${shell}: ${name} ${long}`);
      }
    }
  }
  t.end();
});
