import type {
  Description,
  HistoryEvent,
  NodeVerb,
  Report,
  Role,
  ScenarioResult,
  SubjectClass,
} from '../../schemas/index.js';
import type { Dialect } from '../adapters/index.js';

/** An account that the kit may use. With a token: for that device (`default` when none is named) and no other. */
export interface Account {
  /** Its name: A-Z a-z 0-9 . _ @ -, at most 64. */
  user: string;
  /** Only this device of the user may be used. Default: any, or `default` where there is a token. */
  device?: string;
  /** Its token. Default: made as the other options say. */
  token?: string;
}

/** One of several parts of a run. Each scenario is in exactly one of them. */
export interface Shard {
  /** From 1. */
  number: number;
  of: number;
}

/** What one run of the kit is to do. All times are milliseconds. */
export interface RunOptions {
  /** What the subject is in the protocol. Default: server. */
  role?: Role;
  /** URL of the subject; with `exec` it may hold `{port}`. One of `url` and `exec` is always there, unless nothing is run. */
  url?: string;
  /** Command that starts the subject; `{port}` and `{data}` are filled in. */
  exec?: string;
  /** Of a server with several nodes: how many `exec` is started for. Default: one server. */
  nodes?: number;
  /** What the nodes need, started before them: name and command. */
  services?: Readonly<Record<string, string>>;
  /** Of a server with several nodes that runs already: the URL of each, in the order of their numbers from 1. */
  nodeUrls?: readonly string[];
  /** Commands that do to one of these nodes what the kit would do to a process of its own, with `{node}` and `{node0}`. */
  nodeCommands?: Readonly<Partial<Record<NodeVerb, string>>>;
  /** `exec` starts the reference server of the kit, because no other subject was named. */
  embedded?: boolean;
  /** Classes to test instead of those that the description claims. */
  classes?: SubjectClass[];
  /** Globs over scenario ids. */
  only: string[];
  skip: string[];
  /** Only this part of the scenarios that are chosen. */
  shard?: Shard;
  /** Ids of scenarios that are played before the others. */
  first?: string[];
  /** Template of the token, with `{user}` and `{device}`. */
  token?: string;
  jwtSecret?: string;
  tokenCommand?: string;
  headers: Record<string, string>;
  /** The only accounts that scenarios may use, instead of fresh users. */
  users?: Account[];
  /** Certificate authorities in PEM that the server's certificate may come from. */
  ca?: string;
  /** No certificate is checked. */
  insecure?: boolean;
  /** Parsed description that wins over the served one. */
  describe?: Description;
  /** The protocol that the server speaks, if that is not im.ran.v1. */
  dialect?: Dialect;
  /** Through a dialect: requirements that must be judged. */
  judged?: string[];
  /** Histories hold the foreign frames, too. */
  frames?: boolean;
  /** Known failures: ids or globs of scenarios, ids of requirements; after it may stand `flaky K of N`. */
  baseline?: string[];
  allowUnproven: boolean;
  seed: string;
  /** Points at which each sweep of a script is tried, instead of those in the script. */
  sweep?: number;
  /** Scenarios that are played once more and killed after one of their steps, drawn by the seed. Default 0. */
  kills?: number;
  /** Times that each scenario is played, each time with other moments and other random choices. Default 1. */
  repeat?: number;
  /** Only that one of the repetitions, from 1: not together with `repeat`. */
  repetition?: number;
  concurrency: number;
  /** Milliseconds from the start of the command to its first answer; default 15,000. */
  startTimeoutMs?: number;
  /** Servers that are killed and restarted side by side, beside the one that all other scenarios share. 1: a single server. */
  instances: number;
  patienceMs: number;
  /** Of a client: what takes longer by its declared timers is not played. */
  maxWaitMs?: number;
  /** Of a client: somebody starts it by hand, and the kit waits for it. */
  wait?: boolean;
  /** Of a client: where the kit listens, as its server. Default: a free port of 127.0.0.1. */
  place?: { host: string; port: number; tls?: { cert: string; key: string } };
  /** Folder for the history of every scenario, one NDJSON file each. */
  historyDir?: string;
  /** The options as the user would have to repeat them for a replay, without --only; each already quoted for a POSIX shell. */
  replayArguments: string[];
}

/** How far a run is. */
export interface RunProgress {
  /** Scenarios that have a result, each repetition counted. */
  done: number;
  /** Scenarios that will have one. */
  total: number;
  /** Ids of those that are being played. */
  running: string[];
  /** That failed for certain and were not known to fail. */
  failed: number;
  /** That are played again before they count. */
  retrying: number;
  /** Milliseconds, as far as the declared waits and the pace so far tell. Absent as long as nothing can be said. */
  leftMs?: number;
}

/** What a result that is kept comes with. */
export interface KeptWith {
  /** No later attempt will replace it. */
  certain: boolean;
  /** What it was judged by, as long as the run holds it; absent where nothing was played. */
  events?: readonly HistoryEvent[];
}

export interface RunHooks {
  /** The subject answered and was described; scenarios start now. */
  onStart?: (start: Pick<Report, 'kit' | 'subject' | 'startedAt' | 'shard'> & { total: number }) => void;
  /** A scenario has a result. It comes again with a newer one where another attempt is made. */
  onResult?: (result: ScenarioResult, kept: KeptWith) => void;
  onProgress?: (progress: RunProgress) => void;
  /** One sentence about something that the caller should know and that does not decide the verdict. */
  onNote?: (note: string) => void;
}

/** Exit codes of the command line. When several hold: usage, unreachable, nonconforming, undecided. */
export const EXIT = {
  conforms: 0,
  nonconforming: 1,
  usage: 2,
  unreachable: 3,
  undecided: 4,
  interrupted: 130,
} as const;
