import type { NodeVerb, Resource } from '../../schemas/index.js';
import type { Links } from '../links.js';

/** What a subject's process did without being told to. */
export interface SubjectExit {
  /** Whose process it was, where the subject has several: `node 2`, `the service "etcd"`. */
  who?: string;
  /** Of a service: its number in the order of their starting, from 1. */
  service?: number;
  code: number | null;
  signal: string | null;
  /** Last lines of its output, at most 2,000 characters. */
  output: string;
}

/**
 * One running subject. A subject that was only named by its URL cannot be controlled: its `control` is absent.
 */
export interface Subject {
  /** WebSocket URL of this instance. */
  readonly url: string;
  readonly control?: SubjectControl;
  /** What the commands of its user can do to its nodes. Absent: the kit started it, and can do all of it, or nothing. */
  readonly verbs?: ReadonlySet<NodeVerb>;
  /** URLs of all nodes, where the kit knows of several. */
  nodeUrls?: readonly string[];
  /** Of a subject of several nodes that the kit started: power over each. The control above then meets all of them. */
  readonly nodes?: readonly OneNodeControl[];
  /** The links of each node, where its command names some. */
  readonly links?: readonly (Links | undefined)[];
  /** What the nodes need, where the kit started it. */
  readonly services?: readonly Pick<SubjectControl, 'kill' | 'start' | 'freeze' | 'unfreeze' | 'isFrozen'>[];
  /** Ends the processes that the kit started and removes their data. Never throws, takes at most 5 s. */
  close(): Promise<void>;
}

/** Power over one node of several. */
export interface OneNodeControl extends SubjectControl {
  /** Where commands of its user do it: runs the one that starts the node; `start` then waits until it answers. */
  bring?(): Promise<void>;
}

/** Power over a process that the kit started. Every promise is bounded; on its bound it rejects with a KitError. */
export interface SubjectControl {
  /** SIGKILL to the process group, if it has not ended yet; resolves when the group is gone and the port refuses. */
  kill(): Promise<void>;
  /** SIGTERM; resolves with the exit when the group has ended and the port refuses. */
  stop(): Promise<void>;
  /** SIGTERM, without waiting for what comes of it. */
  beginStop(): void;
  /** Leaves the processes of the group no more of a resource than they have. Returns what gives it back. */
  take(resource: Resource): () => void;
  /**
   * Starts the process again, on the same port and data, with `environment` beside its own; resolves when the WebSocket
   * upgrade answers.
   */
  start(environment?: Record<string, string>): Promise<void>;
  /** Empties the data folder of a process that has ended: the next start is like the first one. */
  forget(): Promise<void>;
  /** Resident memory of all processes of the group, bytes; undefined where the system does not tell. */
  memory(): number | undefined;
  /** SIGSTOP and SIGCONT to the process group. */
  freeze(): Promise<void>;
  unfreeze(): Promise<void>;
  /** Whether all that was frozen stands still by now, as the system shows it; undefined where it does not. */
  isFrozen(): boolean | undefined;
  /** Calls the listener when the process ends by itself. Returns a function that takes it off. */
  onExit(listener: (exit: SubjectExit) => void): () => void;
}
