import type { Description, Report, Role, SubjectClass } from '../../schemas/index.js';
import type { Account } from '../harness/options.js';

/**
 * What one run is to do. Every option has a default, and means what the option of that name means on the command line:
 * `maxWait` is `--max-wait`. A wrong value is a `KitError` of code `usage` that names the option in `field`. Without
 * `url` and `exec`, the reference server of the kit is tested. No configuration file is read.
 */
export interface ConformanceOptions {
  /** What the subject is in the protocol; the kit plays the other side. Default: `server`. */
  role?: Role | undefined;
  /** WebSocket URL of a server that runs already. With `exec` it may hold `{port}`; its default is then `ws://127.0.0.1:{port}/`. */
  url?: string | undefined;
  /**
   * Command of a shell that starts the subject, so that the kit may kill it. Of a server, `{port}` and `{data}` are
   * filled in; of a client, `{url}`, `{token}`, `{user}`, `{device}` and `{data}` of its bot. Needed for a client.
   */
  exec?: string | undefined;
  /** Waits for a client that somebody starts by hand: a `note` event says address and token. Default: false. Of clients only. */
  wait?: boolean | undefined;
  /** Where the kit listens for the client: `HOST`, or with `wait` `HOST:PORT`. Default: 127.0.0.1. Of clients only. */
  listen?: string | undefined;
  /** With `tlsKey`: file of the certificate, in PEM, with which the kit listens. Default: no TLS. Of clients only. */
  tlsCert?: string | undefined;
  /** File of its private key, in PEM. Of clients only. */
  tlsKey?: string | undefined;
  /** Of a server with several nodes, 2 to 9: `exec` is started for each, with `{node}`, `{nodes}` and `{port:2}`. Default: one server. Of servers only. */
  nodes?: number | undefined;
  /** With `nodes`: `NAME=command` of what they need, started before them, with `{port:NAME}`. Default: nothing. Of servers only. */
  service?: string | readonly string[] | undefined;
  /** Of a server with several nodes that runs already: `N=url` of each, from 1. Default: what its description lists. Of servers only. */
  nodeUrl?: readonly string[] | undefined;
  /**
   * With `nodeUrl`: `VERB=command` for start, stop, kill, freeze, thaw, cut, heal and replace, with `{node}` from 1 and
   * `{node0}` from 0. What needs a verb without a command is unproven. Default: none. Of servers only.
   */
  nodeCommand?: string | readonly string[] | undefined;
  /** Classes to test. Default: those that the subject claims. Of a client, `sender` and `receiver` are classes, too. */
  classes?: SubjectClass | readonly SubjectClass[] | undefined;
  /** Globs over scenario ids: only these are played. One that matches nothing is an error. Default: all. */
  only?: string | readonly string[] | undefined;
  /** Globs over scenario ids: these are left out. One that matches nothing is an error. Default: none. */
  skip?: string | readonly string[] | undefined;
  /** Only what failed in an earlier run: its report, or the JSON file that holds it. Not together with `only`. */
  lastFailed?: string | Report | undefined;
  /** One of several parts of what is chosen, `K/N`: each scenario is in exactly one of N. Default: everything. */
  shard?: string | undefined;
  /** Known failures: the file that lists them, or its lines: ids, globs, requirements. Default: none. */
  baseline?: string | readonly string[] | undefined;
  /** `warning`: a SHOULD that is not met makes the exit code 1, too. Default: only a MUST does. */
  failOn?: 'warning' | undefined;
  /** What the kit could not run does not make the exit code 4. Default: false. */
  allowUnproven?: boolean | undefined;
  /** Template of the token of a client, with `{user}` and `{device}`. Default: no token. Of servers only. */
  token?: string | undefined;
  /** Tokens are made with this secret (HS256). Not together with `token` or `tokenCommand`. Of servers only. */
  jwtSecret?: string | undefined;
  /** Command that prints a token for `{user}` and `{device}`. Of servers only. */
  tokenCommand?: string | undefined;
  /** Headers of every upgrade request; `{user}`, `{device}` and `{token}` are filled in. Default: none. Of servers only. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** The only accounts that may be used, or the file that lists them. Default: fresh users. Of servers only. */
  users?: string | readonly Account[] | undefined;
  /** Certificate authority of a `wss:` server: a file in PEM, or its text. Default: those of Node. Of servers only. */
  ca?: string | undefined;
  /** No certificate is checked. Default: false. Of servers only. */
  insecure?: boolean | undefined;
  /** Description of the server, or a file that holds it in JSON or YAML. Default: what the server serves. Of servers only. */
  describe?: string | Description | undefined;
  /** The file of a dialect (.yaml or .mjs), of a server that speaks another protocol. Default: it speaks im.ran.v1. Of servers only. */
  dialect?: string | undefined;
  /** A protocol that is built in: `nats` or `mqtt`, with its settings as in `nats?ack_wait=500ms`. Default: im.ran.v1. Of servers only. */
  via?: string | undefined;
  /** With `dialect`: a file with the requirements that must be judged, one id a line. Default: none must. Of servers only. */
  judged?: string | undefined;
  /** With `dialect` and `history`: histories hold the foreign frames, too. Default: false. Of servers only. */
  frames?: boolean | undefined;
  /** Repeats the random choices of an earlier run: 1 to 64 of A-Z a-z 0-9 . _ -. Default: chosen at random. */
  seed?: string | undefined;
  /** Moments at which each sweep of a script is tried, 2 to 64. Default: as the scripts say, 4 to 10. */
  sweep?: number | undefined;
  /**
   * With `exec` and class durable: so many scenarios are played once more, each killed after one of its steps, 0 to
   * 1,000; the seed draws them. Default: 12; 0 with `only`, `shard` or a dialect. Of servers only.
   */
  kills?: number | undefined;
  /** Times that each scenario is played, 1 to 1,000; one failure counts. Default: 1. */
  repeat?: number | undefined;
  /** Only that one of the repetitions, 1 to 1,000. Not together with `repeat`. */
  repetition?: number | undefined;
  /** Scenarios at the same time, 1 to 512. Default: 32; of a client, 4 for each core. */
  concurrency?: number | undefined;
  /** With `exec`: servers that are killed side by side, 1 to 64. Default: one for each core. Of servers only. */
  instances?: number | undefined;
  /** With `exec`: milliseconds from the start of the server to its first answer, 1,000 to 600,000. Default: 15,000. Of servers only. */
  startTimeout?: number | undefined;
  /** Milliseconds that are added to every time bound, 0 to 600,000. Default: 500. */
  patience?: number | undefined;
  /** Milliseconds: what takes longer by the declared timers is unproven, 1,000 to 172,800,000. Default: 120,000. Of clients only. */
  maxWait?: number | undefined;
  /** Folder for the history of every scenario, one NDJSON file each; it is made where it is missing. Default: none is kept. */
  history?: string | undefined;
  /** The run ends after so many failures that are certain, 1 to 10,000. Default: it goes on. */
  bail?: number | undefined;
  /** The run ends so many seconds after its first scenario began, 1 to 86,400. Default: when all is played. */
  maxTime?: number | undefined;
  /** Ends the run: see `ConformanceRun`. */
  signal?: AbortSignal | undefined;
}
