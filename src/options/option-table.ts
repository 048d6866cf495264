import type { Role } from '../../schemas/index.js';

/** The headings of the help, in its order. */
export const OPTION_GROUPS = {
  subject: 'Subject',
  selection: 'What is tested',
  access: 'Access to the server',
  certainty: 'How certain',
  pace: 'Pace and bounds',
  verdict: 'Verdict',
  output: 'What is told',
} as const;
export type OptionGroup = keyof typeof OPTION_GROUPS;

/**
 * Every option of the default command, once: the command line and the config file are both read by this table.
 * In the config file the key is the name of the option without its dashes.
 */
export interface OptionSpec {
  name: string;
  /** Under which heading the help shows it. */
  group: OptionGroup;
  /** What the help shows for the value; none for a switch. */
  value?: string;
  kind: 'text' | 'list' | 'switch' | 'integer' | 'headers' | 'description';
  /** One letter for the same. */
  short?: string;
  /** For `integer`: what the option means without a value; absent where it needs one. */
  alone?: number;
  /** For `integer`. */
  range?: readonly [number, number];
  help: string;
  /** The role of subject that it is for; absent: for all. */
  role?: Role;
}

export const OPTIONS: readonly OptionSpec[] = [
  {
    name: 'exec',
    group: 'subject',
    value: 'command',
    kind: 'text',
    help: 'start the subject: of a server {port} and {data} are filled in, of a client {url}, {token}, {user}, {device} and {data}',
  },
  {
    name: 'wait',
    group: 'subject',
    kind: 'switch',
    help: 'print an address and a token, and wait for a client that somebody starts by hand',
    role: 'client',
  },
  {
    name: 'listen',
    group: 'subject',
    value: 'host[:port]',
    kind: 'text',
    help: 'where the kit listens for the client (default 127.0.0.1); a port only with --wait',
    role: 'client',
  },
  {
    name: 'tls-cert',
    group: 'subject',
    value: 'file',
    kind: 'text',
    help: 'with --tls-key: the kit listens with TLS, with this certificate (PEM)',
    role: 'client',
  },
  {
    name: 'tls-key',
    group: 'subject',
    value: 'file',
    kind: 'text',
    help: 'private key of that certificate (PEM)',
    role: 'client',
  },
  {
    name: 'nodes',
    group: 'subject',
    value: 'n',
    kind: 'integer',
    range: [2, 9],
    help: 'the server has n nodes: the command of --exec is started for each, with {node}, {nodes} and {port:2}, the port of node 2',
    role: 'server',
  },
  {
    name: 'service',
    group: 'subject',
    value: "'NAME=cmd'",
    kind: 'list',
    help: 'with --nodes: a command that is started before them, and ended with them; {port:NAME} is a port of it (repeatable)',
    role: 'server',
  },
  {
    name: 'node-url',
    group: 'subject',
    value: 'N=url',
    kind: 'list',
    help: 'where node N of a server with several nodes is that runs already, from 1 (one for each)',
    role: 'server',
  },
  {
    name: 'node-command',
    group: 'subject',
    value: "'VERB=cmd'",
    kind: 'list',
    help: 'with --node-url: does that to a node, with {node} from 1 and {node0} from 0: start, stop, kill, freeze, thaw, cut, heal or replace (repeatable)',
    role: 'server',
  },
  {
    name: 'watch',
    group: 'subject',
    value: 'path',
    kind: 'list',
    help: 'with --exec: when a file there changes, restart the subject and test again, what failed first (repeatable)',
  },
  {
    name: 'class',
    group: 'selection',
    value: 'names',
    kind: 'list',
    help: 'classes to test, instead of those that the subject claims',
  },
  {
    name: 'role',
    group: 'selection',
    value: 'names',
    kind: 'list',
    help: 'of a client: test it as sender, receiver or both',
    role: 'client',
  },
  {
    name: 'only',
    group: 'selection',
    value: 'glob',
    kind: 'list',
    help: 'run only scenarios whose id matches (repeatable)',
  },
  {
    name: 'skip',
    group: 'selection',
    value: 'glob',
    kind: 'list',
    help: 'leave out scenarios whose id matches (repeatable)',
  },
  {
    name: 'shard',
    group: 'selection',
    value: 'k/n',
    kind: 'text',
    help: 'run only the k-th of n equal parts; merge-reports makes one report of all',
  },
  { name: 'list', group: 'selection', kind: 'switch', help: 'print the scenarios that would run, and run nothing' },
  {
    name: 'requirements',
    group: 'selection',
    kind: 'switch',
    help: 'with --list: print the requirements and how many scenarios prove each',
  },
  {
    name: 'report',
    group: 'output',
    value: 'format[=file]',
    kind: 'list',
    help: 'pretty, tap, json, ndjson, junit, html, markdown, sarif, code-quality or badge (repeatable; default: pretty on a terminal, tap when piped)',
  },
  {
    name: 'baseline',
    group: 'verdict',
    value: 'file',
    kind: 'text',
    help: 'known failures: scenarios, globs or requirements, one a line',
  },
  {
    name: 'update-baseline',
    group: 'verdict',
    value: 'file',
    kind: 'text',
    help: 'the same; and write what fails in this run into it, and take out what fails no more',
  },
  {
    name: 'fail-on',
    group: 'verdict',
    value: 'level',
    kind: 'text',
    help: 'warning: a SHOULD that is not met makes the exit code 1, too',
  },
  { name: 'allow-unproven', group: 'verdict', kind: 'switch', help: 'do not fail for what the kit could not run' },
  {
    name: 'token',
    group: 'access',
    value: 'template',
    kind: 'text',
    help: 'token of a client, with {user} and {device}',
    role: 'server',
  },
  {
    name: 'jwt-secret',
    group: 'access',
    value: 'secret',
    kind: 'text',
    help: 'make HS256 tokens with this secret',
    role: 'server',
  },
  {
    name: 'token-command',
    group: 'access',
    value: 'command',
    kind: 'text',
    help: 'command that prints a token for {user} and {device}',
    role: 'server',
  },
  {
    name: 'header',
    group: 'access',
    value: "'K: V'",
    kind: 'headers',
    help: 'header of every upgrade request (repeatable)',
    role: 'server',
  },
  {
    name: 'users',
    group: 'access',
    value: 'file',
    kind: 'text',
    help: 'use only these accounts: user, or user/device and token, a line',
    role: 'server',
  },
  {
    name: 'ca',
    group: 'access',
    value: 'file',
    kind: 'text',
    help: "certificate authority of the server's certificate, PEM",
    role: 'server',
  },
  { name: 'insecure', group: 'access', kind: 'switch', help: 'check no certificate of the server', role: 'server' },
  {
    name: 'describe',
    group: 'subject',
    value: 'file',
    kind: 'description',
    help: 'description of the server, if it serves none',
    role: 'server',
  },
  {
    name: 'dialect',
    group: 'subject',
    value: 'file',
    kind: 'text',
    help: 'test a server that speaks another protocol, through this dialect (.yaml or .mjs)',
    role: 'server',
  },
  {
    name: 'via',
    group: 'subject',
    value: 'protocol',
    kind: 'text',
    help: 'test a server of a protocol that is built in: nats, mqtt, amqp or xmpp (settings as in nats?ack_wait=500ms)',
    role: 'server',
  },
  {
    name: 'judged',
    group: 'verdict',
    value: 'file',
    kind: 'text',
    help: 'with --dialect or --via: requirements that must be judged, one id a line; if one is not, the run fails',
    role: 'server',
  },
  {
    name: 'frames',
    group: 'output',
    kind: 'switch',
    help: 'with --dialect or --via: histories hold the foreign frames, too',
    role: 'server',
  },
  { name: 'seed', group: 'certainty', value: 'text', kind: 'text', help: 'repeat the choices of an earlier run' },
  {
    name: 'sweep',
    group: 'certainty',
    value: 'n',
    kind: 'integer',
    range: [2, 64],
    help: 'more certainty: try the moments of a cut or a kill at n points',
  },
  {
    name: 'kills',
    group: 'certainty',
    value: 'n',
    kind: 'integer',
    range: [0, 1_000],
    help: 'with --exec: kill n scenarios in between, as the seed draws them (default 12; 0 with --only)',
    role: 'server',
  },
  {
    name: 'repeat',
    group: 'certainty',
    value: 'n',
    kind: 'integer',
    range: [1, 1_000],
    help: 'more certainty: play each scenario n times, with other moments; one failure counts',
  },
  {
    name: 'repetition',
    group: 'certainty',
    value: 'k',
    kind: 'integer',
    range: [1, 1_000],
    help: 'play only the k-th of these times',
  },
  {
    name: 'concurrency',
    group: 'pace',
    value: 'n',
    kind: 'integer',
    range: [1, 512],
    help: 'scenarios at the same time',
  },
  {
    name: 'instances',
    group: 'pace',
    value: 'n',
    kind: 'integer',
    range: [1, 64],
    help: 'servers to kill side by side, with --exec',
    role: 'server',
  },
  {
    name: 'start-timeout',
    group: 'pace',
    value: 'ms',
    kind: 'integer',
    range: [1_000, 600_000],
    help: 'with --exec: longest time to the first answer (default 15000)',
    role: 'server',
  },
  {
    name: 'patience',
    group: 'pace',
    value: 'ms',
    kind: 'integer',
    range: [0, 600_000],
    help: 'added to every time bound',
  },
  {
    name: 'max-wait',
    group: 'pace',
    value: 'ms',
    kind: 'integer',
    range: [1_000, 172_800_000],
    help: 'what takes longer by the declared timers is unproven: 1000 to 172800000, two days (default 120000)',
    role: 'client',
  },
  { name: 'history', group: 'output', value: 'dir', kind: 'text', help: 'keep the history of every scenario there' },
  {
    name: 'trace',
    group: 'output',
    value: 'id',
    kind: 'list',
    help: 'draw what happened in this scenario, also if it passed (repeatable)',
  },
  {
    name: 'bail',
    group: 'pace',
    value: 'n',
    kind: 'integer',
    alone: 1,
    range: [1, 10_000],
    help: 'end the run after n failures that are certain (1 without n)',
  },
  {
    name: 'max-time',
    group: 'pace',
    value: 's',
    kind: 'integer',
    range: [1, 86_400],
    help: 'end the run that many seconds after its first scenario began',
  },
  {
    name: 'last-failed',
    group: 'selection',
    value: 'file',
    kind: 'text',
    help: 'run only what failed in an earlier run: its JSON report',
  },
  {
    name: 'verbose',
    group: 'output',
    short: 'v',
    kind: 'switch',
    help: 'tell every failure in full, with the fault matrix',
  },
  {
    name: 'quiet',
    group: 'output',
    short: 'q',
    kind: 'switch',
    help: 'tell the verdict alone, and nothing while it runs',
  },
];

/** Options by name: text, list of texts, number, true, or a description as an object (config file only). */
export type Settings = Readonly<Record<string, unknown>>;

export const specOf = (name: string): OptionSpec | undefined => OPTIONS.find((spec) => spec.name === name);

/** An option as the help shows it: `-v, --verbose`, `--only <glob>`. */
export const termOf = ({ name, value, short, alone }: OptionSpec): string => {
  const place = value === undefined ? '' : alone === undefined ? ` <${value}>` : ` [${value}]`;
  return `${short === undefined ? '' : `-${short}, `}--${name}${place}`;
};

/** The options of the command that tests subjects of a role. */
export const optionsOf = (role: Role): readonly OptionSpec[] =>
  OPTIONS.filter((spec) => spec.role === undefined || spec.role === role);

/** The same under their headings, in the order of the help. */
export const groupsOf = (role: Role): readonly (readonly [group: OptionGroup, specs: readonly OptionSpec[]])[] =>
  (Object.keys(OPTION_GROUPS) as OptionGroup[])
    .map((group) => [group, optionsOf(role).filter((spec) => spec.group === group)] as const)
    .filter(([, specs]) => specs.length > 0);
