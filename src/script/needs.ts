import type { NodeVerb, TokenKind } from '../../schemas/index.js';
import { actionSteps, factsOf } from './actions.js';
import type { Step } from './model.js';
import type { Vocabulary } from './vocabulary.js';

/** Abilities of the kit that not every machine or every subject gives it. */
export interface Needs {
  /** Kills, stops or freezes the subject: needs a process that the kit started. */
  control: boolean;
  /** Tokens that it must be able to make. */
  tokens: readonly TokenKind[];
  /** The memory of the subject's process can be read. */
  memory: boolean;
  /** The clock of the subject's process can be set. */
  clock: boolean;
  /** Resources can be taken from the subject's process. */
  limits: boolean;
  /** A second way to reach the same port: the subject must be named by a wss: url. */
  tls: boolean;
  /** The kit can speak TLS 1.1. */
  oldTls: boolean;
  /** Users that have never used certain message ids. */
  chosenIds: boolean;
  /** Any number of devices of one user. */
  freshDevices: boolean;
  /** Nodes of the subject; 0: any number. */
  nodes: number;
  /** Services that the kit started; 0: any number. */
  services: number;
  /** Links between the nodes and what they need, that the kit can cut. */
  links: boolean;
  /** Those links are relays of the kit: what is cut is one direction or less, or only slow. */
  relays: boolean;
  /** What is done to nodes, by the words of `--node-command`. */
  verbs: readonly NodeVerb[];
  /** Others who must not notice what is done. */
  bystanders: boolean;
}

export const needsOf = (steps: readonly Step[], vocabulary: Vocabulary): Needs => {
  const all = actionSteps(steps).map((step) => factsOf(step, vocabulary).needs(step.action));
  const any = (name: Exclude<keyof Needs, 'tokens' | 'nodes' | 'services' | 'verbs'>): boolean =>
    all.some((needs) => needs[name] === true);
  return {
    nodes: Math.max(0, ...all.map(({ nodes = 0 }) => nodes)),
    services: Math.max(0, ...all.map(({ services = 0 }) => services)),
    links: any('links'),
    relays: any('relays'),
    verbs: [...new Set(all.flatMap(({ verbs = [] }) => verbs))],
    control: any('control'),
    tokens: [...new Set(all.flatMap(({ tokens = [] }) => tokens))],
    memory: any('memory'),
    clock: any('clock'),
    limits: any('limits'),
    tls: any('tls'),
    oldTls: any('oldTls'),
    chosenIds: any('chosenIds'),
    freshDevices: any('freshDevices'),
    bystanders: any('bystanders'),
  };
};
